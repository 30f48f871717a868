"""What Kubernetes' HorizontalPodAutoscaler makes of figures, after its documentation.

https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
"""

import math
from dataclasses import dataclass, field

TOLERANCE = 0.1
SYNC_SECONDS = 15


@dataclass(frozen=True)
class Target:
    """What a figure should be: as it is (Value), or for each replica (AverageValue)."""

    kind: str
    value: float

    def wanted(self, figure, replicas):
        """Return the number of replicas that a figure asks for."""
        shared = replicas if self.kind == "AverageValue" else 1
        ratio = figure / (self.value * shared)
        if abs(ratio - 1) <= TOLERANCE:
            return replicas
        return math.ceil(ratio * replicas)


@dataclass
class Autoscaler:
    """A HorizontalPodAutoscaler with external figures, at its own times."""

    targets: list
    behavior: dict
    least: int
    most: int
    replicas: int = 1
    now: int = 0
    _wishes: list = field(default_factory=list)
    _changes: list = field(default_factory=list)

    def sync(self, *figures):
        """Return the number of replicas after the next look at the figures."""
        self.now += SYNC_SECONDS
        pairs = zip(self.targets, figures, strict=True)
        wish = max(target.wanted(figure, self.replicas) for target, figure in pairs)
        self._wishes.append((self.now, min(max(wish, self.least), self.most)))
        new = self._limited(self._stabilised())
        self._changes.append((self.now, new - self.replicas))
        self.replicas = new
        return new

    def _since(self, entries, seconds):
        return [entry for then, entry in entries if then > self.now - seconds]

    def _stabilised(self):
        """Return the least recent wish to go up, or the greatest to go down."""
        rules = self.behavior
        windows = [
            self._since(self._wishes, max(rules[way]["stabilizationWindowSeconds"], 1))
            for way in ("scaleUp", "scaleDown")
        ]
        return min(max(self.replicas, min(windows[0])), max(windows[1]))

    def _limited(self, wish):
        """Return a wish as far as the policies allow it."""
        if wish == self.replicas:
            return wish
        is_up = wish > self.replicas
        rules = self.behavior["scaleUp" if is_up else "scaleDown"]
        assert rules["selectPolicy"] == "Max"
        steps = [self._step(policy, 1 if is_up else -1) for policy in rules["policies"]]
        return min(wish, max(steps)) if is_up else max(wish, min(steps), self.least)

    def _step(self, policy, sign):
        """Return how far a policy allows to go, in one direction."""
        recent = self._since(self._changes, policy["periodSeconds"])
        start = self.replicas - sum(recent)
        if policy["type"] == "Pods":
            return start + sign * policy["value"]
        limit = start * (1 + sign * policy["value"] / 100)
        return math.ceil(limit) if sign > 0 else int(limit)


def of_scaled_object(found, **options):
    """Return the autoscaler that KEDA makes of a ScaledObject."""
    spec = found["spec"]
    return Autoscaler(
        [
            Target(t["metricType"], float(t["metadata"]["threshold"]))
            for t in spec["triggers"]
        ],
        spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"],
        spec["minReplicaCount"],
        spec["maxReplicaCount"],
        **options,
    )


def of_autoscaler(found, **options):
    """Return the autoscaler of a HorizontalPodAutoscaler."""
    spec = found["spec"]
    targets = [metric["external"]["target"] for metric in spec["metrics"]]
    return Autoscaler(
        [
            Target(t["type"], float(t.get("averageValue") or t["value"]))
            for t in targets
        ],
        spec["behavior"],
        spec["minReplicas"],
        spec["maxReplicas"],
        **options,
    )
