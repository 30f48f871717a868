"""NetworkPolicies, evaluated on named flows."""

import pytest
from charts.flows import Peer, is_allowed
from charts.rendering import NAMESPACE, component, pods, render_file

HTTP, GRPC, METRICS = 8000, 8001, 8002
CLIENT = Peer({"asks": "triton"}, "astronomers")
PEERS = {
    "client": CLIENT,
    "its neighbour": Peer({"asks": "other"}, CLIENT.namespace),
    "a like one elsewhere": Peer(CLIENT.labels, "elsewhere"),
    "a like one here": Peer(CLIENT.labels, NAMESPACE),
    "prometheus": Peer({"app": "prometheus"}, "monitoring"),
    "gateway": Peer({"app": "envoy"}, "gateways"),
    "nginx": Peer({"app": "nginx"}, "ingress-nginx"),
    "dns": Peer({"k8s-app": "kube-dns"}, "kube-system"),
    "not dns": Peer({"k8s-app": "other"}, "kube-system"),
    "server": Peer(address="192.0.2.17"),
    "internet": Peer(address="203.0.113.7"),
}
# file of ci/, from, to, port, protocol, whether it gets through
FLOWS = [
    ("claim", "client", "triton", GRPC, "TCP", True),
    ("claim", "client", "triton", HTTP, "TCP", True),
    ("claim", "client", "triton", METRICS, "TCP", False),
    ("claim", "client", "triton", GRPC, "UDP", False),
    ("claim", "its neighbour", "triton", GRPC, "TCP", False),
    ("claim", "a like one elsewhere", "triton", GRPC, "TCP", False),
    ("claim", "a like one here", "triton", GRPC, "TCP", False),
    ("claim", "gateway", "triton", GRPC, "TCP", False),
    ("claim", "prometheus", "triton", METRICS, "TCP", True),
    ("claim", "prometheus", "triton", GRPC, "TCP", False),
    ("claim", "triton", "internet", 443, "TCP", False),
    ("claim", "triton", "dns", 53, "UDP", False),
    ("claim", "triton", "triton", GRPC, "TCP", False),
    ("claim", "test", "triton", HTTP, "TCP", True),
    ("claim", "test", "dns", 53, "UDP", True),
    ("image", "client", "triton", GRPC, "TCP", False),
    ("everything", "a like one here", "triton", GRPC, "TCP", True),
    ("everything", "a like one elsewhere", "triton", GRPC, "TCP", False),
    ("route", "gateway", "triton", GRPC, "TCP", True),
    ("route", "gateway", "triton", HTTP, "TCP", False),
    ("route", "nginx", "triton", GRPC, "TCP", False),
    ("ingress", "nginx", "triton", GRPC, "TCP", True),
    ("survey", "survey", "triton", GRPC, "TCP", True),
    ("survey", "survey", "triton", METRICS, "TCP", False),
    ("survey", "survey", "dns", 53, "UDP", True),
    ("survey", "survey", "dns", 53, "TCP", True),
    ("survey", "survey", "dns", 443, "TCP", False),
    ("survey", "survey", "not dns", 53, "UDP", False),
    ("survey", "survey", "internet", 443, "TCP", False),
    ("survey", "merge", "triton", GRPC, "TCP", False),
    ("survey", "merge", "dns", 53, "UDP", False),
    ("survey", "client", "survey", 22, "TCP", False),
    ("survey-elsewhere", "survey", "server", 443, "TCP", True),
    ("survey-elsewhere", "survey", "server", 80, "TCP", False),
    ("survey-elsewhere", "survey", "internet", 443, "TCP", False),
    ("survey-elsewhere", "triton", "server", 443, "TCP", False),
]


@pytest.mark.parametrize(
    ("name", "source", "destination", "port", "protocol", "expected"),
    FLOWS,
    ids=lambda value: str(value),
)
def test_what_is_needed_gets_through_and_nothing_else(
    name, source, destination, port, protocol, expected
):
    objects = render_file(name)
    ours = {component(p): Peer(p["metadata"]["labels"]) for p in pods(objects).values()}
    ends = [(PEERS | ours)[end] for end in (source, destination)]
    assert is_allowed(objects, *ends, port, protocol) == expected


def test_pods_of_no_policy_are_open():
    triton = Peer({"app": "other"})
    assert is_allowed(render_file("claim"), PEERS["internet"], triton, GRPC)
