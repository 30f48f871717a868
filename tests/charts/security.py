"""Pods that a careful cluster admits: closed, limited, of fixed versions."""

import re

from charts.rendering import containers, pods


def check_pods_are_restricted(objects):
    """Every pod fits into a namespace that enforces Pod Security "restricted"."""
    for name, pod in pods(objects).items():
        spec = pod["spec"]
        context = spec["securityContext"]
        assert context["runAsNonRoot"] is True, name
        assert context.get("runAsUser", 1) > 0, name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC"}.intersection(spec), name
        assert not [v for v in spec["volumes"] if "hostPath" in v], name
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, f"{name}: {container['name']}"


def check_containers_have_limits(objects):
    """No container takes more of a node than it says."""
    for name, pod in pods(objects).items():
        for container in containers(pod):
            for kind in ("requests", "limits"):
                found = container["resources"][kind]
                assert {"cpu", "memory"} <= set(found), f"{name}: {container['name']}"


def check_images_are_fixed(objects):
    """Every image has a version or a digest."""
    for name, pod in pods(objects).items():
        for container in containers(pod):
            image = container["image"].rpartition("/")[2]
            assert re.search(r"[:@]", image), f"{name}: {image}"
            assert "latest" not in image, f"{name}: {image}"
