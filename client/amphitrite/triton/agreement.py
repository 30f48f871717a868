"""Comparison of a served model's configuration with its spec."""

from __future__ import annotations

from amphitrite import errors
from amphitrite.triton.config import ModelConfig
from amphitrite.triton.spec import ModelSpec, parameter_key, wiring_digest


def spec_of(config: ModelConfig, version: int, *, server: str) -> ModelSpec:
    """Return the spec of a served version of a model.

    Parameters
    ----------
    config : ModelConfig
        The configuration that the server reports.
    version : int
        The version.
    server : str
        The server's address, for the message.

    Raises
    ------
    SpecMismatch
        The configuration holds no spec of this version.
    """
    key = parameter_key(version)
    if key not in config.parameters:
        raise errors.SpecMismatch(
            f"the server at {server} serves '{config.name}' version {version} without "
            f"its spec (no parameter '{key}' in its config.pbtxt), so that its tensors "
            "cannot be checked. Serve a repository that amphitrite exported."
        )
    return ModelSpec.from_json(config.parameters[key].string_value)


def check_wiring(config: ModelConfig, spec: ModelSpec, *, server: str) -> None:
    """Check that an ensemble runs the members of its spec, connected as published.

    Parameters
    ----------
    config : ModelConfig
        The ensemble's configuration that the server reports.
    spec : ModelSpec
        Its spec.
    server : str
        The server's address, for the message.

    Raises
    ------
    SpecMismatch
        The members, their versions or the connections of their tensors differ.
    """
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
