"""Traffic: what is needed gets through, and nothing else."""

from charts.flows import Peer, is_allowed
from charts.rendering import of_kind, pods, triton

MONITORING = Peer({"app": "prometheus"}, "monitoring")
DNS = Peer({"k8s-app": "kube-dns"}, "kube-system")
STRANGERS = (
    Peer({"app": "stranger"}),
    Peer({"app": "stranger"}, "elsewhere"),
    Peer({"app.kubernetes.io/component": "survey"}, "elsewhere"),
    Peer(address="203.0.113.7"),
)


def check_traffic_is_what_is_needed(objects):
    """Scrapes, shards, the test and DNS get through; nobody else does."""
    if not of_kind(objects, "NetworkPolicy"):
        return
    _, container = triton(objects)
    ports = {p["name"]: p["containerPort"] for p in container["ports"]}
    labels = [pod["metadata"]["labels"] for pod in pods(objects).values()]
    peers = {found["app.kubernetes.io/component"]: Peer(found) for found in labels}
    server = peers["triton"]

    def open_to(peer):
        return {n for n, p in ports.items() if is_allowed(objects, peer, server, p)}

    assert open_to(MONITORING) == {"metrics"}
    assert open_to(peers["test"]) == {"http"}
    assert open_to(peers.get("survey", MONITORING)) in ({"grpc"}, {"metrics"})
    for stranger in STRANGERS:
        assert open_to(stranger) == set(), stranger
        for name, peer in peers.items():
            assert not is_allowed(objects, stranger, peer, 22), name
    for name, peer in peers.items():
        asks = name in ("survey", "test")
        for protocol in ("UDP", "TCP"):
            assert is_allowed(objects, peer, DNS, 53, protocol) == asks, name
        assert not is_allowed(objects, peer, DNS, 80), name
        assert not is_allowed(objects, peer, Peer(address="203.0.113.7"), 443), name
        assert not is_allowed(objects, peer, Peer(namespace="elsewhere"), 8001), name
    if "merge" in peers:
        assert open_to(peers["merge"]) == set()
