"""What a server says of a model, held against the spec that came with its weights."""

from __future__ import annotations

from amphitrite import errors
from amphitrite.triton.config import ModelConfig
from amphitrite.triton.spec import ModelSpec, parameter_key, wiring_digest


def spec_of(config: ModelConfig, version: int, *, server: str) -> ModelSpec:
    """Return the spec that a served version of a model carries.

    Raises
    ------
    SpecMismatch
        Its configuration has none.
    """
    key = parameter_key(version)
    if key not in config.parameters:
        raise errors.SpecMismatch(
            f"the server at {server} serves '{config.name}' version {version} without "
            f"its spec (no parameter '{key}' in its config.pbtxt), so nobody can tell "
            "what it expects. Serve a repository that amphitrite exported."
        )
    return ModelSpec.from_json(config.parameters[key].string_value)


def check_wiring(config: ModelConfig, spec: ModelSpec, *, server: str) -> None:
    """Make sure that an ensemble runs the members of its spec, joined as published."""
    steps = list(config.ensemble_scheduling.step)
    digest = wiring_digest(
        spec.members,
        [(s.model_name, dict(s.input_map), dict(s.output_map)) for s in steps],
    )
    runs = {(step.model_name, step.model_version) for step in steps}
    pinned = {(member.name, member.version) for member in spec.members}
    if runs != pinned or digest != spec.digest:
        have, want = (
            ", ".join(f"{name} version {version}" for name, version in sorted(members))
            for members in (runs, pinned)
        )
        raise errors.SpecMismatch(
            f"the ensemble '{spec.name}' at {server} runs {have}, joined as {digest}; "
            f"its spec says {want}, joined as {spec.digest}. Export it again."
        )
