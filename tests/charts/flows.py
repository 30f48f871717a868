"""NetworkPolicies, evaluated on single connections as a cluster's network does."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from charts.rendering import NAMESPACE, of_kind


@dataclass(frozen=True)
class Peer:
    """A pod with its labels in a namespace, or an address outside the cluster."""

    labels: dict[str, str] = field(default_factory=dict)
    namespace: str = NAMESPACE
    address: str = ""


def is_allowed(objects, source, destination, port, protocol="TCP"):
    """Return whether the policies let one peer connect to a port of another."""
    out = _sides(objects, source, "egress")
    into = _sides(objects, destination, "ingress")
    return _passes(out, destination, port, protocol) and _passes(
        into, source, port, protocol
    )


def matches(selector, labels):
    """Return whether a label selector selects what has some labels."""
    if any(labels.get(k) != v for k, v in selector.get("matchLabels", {}).items()):
        return False
    for wanted in selector.get("matchExpressions", []):
        value, is_there = labels.get(wanted["key"]), wanted["key"] in labels
        if not {
            "In": is_there and value in wanted.get("values", []),
            "NotIn": value not in wanted.get("values", []),
            "Exists": is_there,
            "DoesNotExist": not is_there,
        }[wanted["operator"]]:
            return False
    return True


def _sides(objects, peer, side):
    """Return the rules of one side for a peer; None where no policy selects it."""
    if peer.address or peer.namespace != NAMESPACE:
        return None
    policies = [
        policy["spec"]
        for policy in of_kind(objects, "NetworkPolicy")
        if matches(policy["spec"]["podSelector"], peer.labels)
        and side.title() in policy["spec"]["policyTypes"]
    ]
    if not policies:
        return None
    return [
        (rule.get("from" if side == "ingress" else "to", []), rule.get("ports", []))
        for policy in policies
        for rule in policy.get(side, [])
    ]


def _passes(rules, other, port, protocol):
    """Return whether one rule lets a peer through; a rule without peers lets all."""
    return rules is None or any(
        (not peers or any(_is(peer, other) for peer in peers))
        and (not ports or _has(ports, port, protocol))
        for peers, ports in rules
    )


def _has(ports, port, protocol):
    return any(
        entry.get("port", port) == port and entry.get("protocol", "TCP") == protocol
        for entry in ports
    )


def _is(entry, peer):
    """Return whether an entry of a rule stands for a peer."""
    if "ipBlock" in entry:
        block = ipaddress.ip_network(entry["ipBlock"]["cidr"])
        return bool(peer.address) and ipaddress.ip_address(peer.address) in block
    if peer.address:
        return False
    name = {"kubernetes.io/metadata.name": peer.namespace}
    if "namespaceSelector" in entry:
        if not matches(entry["namespaceSelector"], name):
            return False
    elif peer.namespace != NAMESPACE:
        return False
    return matches(entry.get("podSelector", {}), peer.labels)
