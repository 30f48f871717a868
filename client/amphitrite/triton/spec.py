"""The spec of a model: the contract between weights, server and client.

A `ModelSpec` has a *contract* half (names, dtypes, shapes, axes, units, labels,
constants), written on the survey's page and compared on connect, and a *learned* half
(thresholds, calibration, digests), which travels with the weights.  Its canonical JSON
is stored beside the weights as ``spec.json`` and, for every version that a Triton
repository keeps, in the ``parameters`` of ``config.pbtxt``.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from amphitrite.errors import SpecMismatch

FORMAT = 2


def parameter_key(version: int) -> str:
    """Return the ``config.pbtxt`` parameter that holds the spec of a version."""
    return f"amphitrite.spec.{version}"


@dataclass(frozen=True)
class TensorSpec:
    """One input or output tensor, without its batch axis.

    Parameters
    ----------
    name : str
        The tensor's name in the served model.
    dtype : str
        A numpy dtype name, such as ``"float32"``.
    shape : tuple of int
        Lengths along ``axes``; -1 where the length is free.  In one request a free
        length is the same for all tensors with an axis of that name.
    axes : tuple of str
        A name for each axis, such as ``("y", "x", "band")``.
    unit : str
        The unit in the FITS standard's notation; empty for a pure number.
    description : str
        One sentence that explains the tensor; not compared.
    minimum, maximum : float, optional
        Inclusive bounds of all values; None for no bound.
    filled_by : str
        The tensor of the same model that says which entries along the first axis are
        filled: a bool for each, or the number of filled ones.  The others are NaN.
        Empty if all entries are filled.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    axes: tuple[str, ...]
    unit: str = ""
    description: str = ""
    minimum: float | None = None
    maximum: float | None = None
    filled_by: str = ""

    def __post_init__(self) -> None:
        if len(self.shape) != len(self.axes):
            raise ValueError(
                f"tensor '{self.name}': {len(self.shape)} lengths for "
                f"{len(self.axes)} axes; received shape={self.shape}, axes={self.axes}"
            )
        for name in ("minimum", "maximum"):
            if (bound := getattr(self, name)) is not None:
                # the same JSON, and so the same digest, for 1 and 1.0
                object.__setattr__(self, name, float(bound))
        low, high = self.bounds
        if not low <= high:
            raise ValueError(
                f"tensor '{self.name}': the minimum must not be above the maximum; "
                f"received {self.minimum} and {self.maximum}"
            )

    @property
    def bounds(self) -> tuple[float, float]:
        """Minimum and maximum; infinite where there is no bound."""
        return (
            -math.inf if self.minimum is None else self.minimum,
            math.inf if self.maximum is None else self.maximum,
        )


@dataclass(frozen=True)
class Member:
    """One model inside an ensemble, pinned by version, weights and learned values.

    Parameters
    ----------
    name : str
        The member's name in the repository.
    version : int
        Its version.
    digest, identity : str
        Digest and identity of its spec; see `ModelSpec`.
    """

    name: str
    version: int
    digest: str
    identity: str


@dataclass(frozen=True)
class ModelSpec:
    """A served model: its contract, and what was learned with its weights.

    Parameters
    ----------
    name : str
        The model's name in the repository.
    inputs, outputs : tuple of TensorSpec
        The tensors.
    labels : tuple of str
        Class labels in the order of the output's last axis.
    constants : mapping
        Further contract values on which training and client must agree (JSON types).
    references : tuple of str
        Publications of model and method; not compared.
    learned : mapping
        Values fixed in training (JSON types), which the client reads from here only.
    digest : str
        ``"sha256:..."`` of the ONNX file; for an ensemble the `wiring_digest`.  Empty
        until exported.
    members : tuple of Member
        The members of an ensemble; empty for a single model.
    """

    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    labels: tuple[str, ...] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    learned: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    members: tuple[Member, ...] = ()

    def __post_init__(self) -> None:
        names = {tensor.name for tensor in (*self.inputs, *self.outputs)}
        for tensor in (*self.inputs, *self.outputs):
            if tensor.filled_by and tensor.filled_by not in names:
                raise ValueError(
                    f"model '{self.name}': the tensor '{tensor.name}' is filled by "
                    f"'{tensor.filled_by}', which is none of {sorted(names)}"
                )

    @property
    def identity(self) -> str:
        """``"sha256:..."`` of the canonical JSON, which holds all fields of the spec.

        Two models of one identity have the same weights and have learned the same
        values.
        """
        return "sha256:" + hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Return the canonical JSON: sorted keys, no spaces, no NaN."""
        return json.dumps(
            {"format": FORMAT, **asdict(self)},
            sort_keys=True,
            separators=(",", ":"),
            allow_nan=False,
        )

    @classmethod
    def from_json(cls, text: str) -> ModelSpec:
        """Return the spec that a JSON text describes.

        Raises
        ------
        SpecMismatch
            The text is not a spec, or is of another format.
        """
        try:
            raw = json.loads(text)
            found = raw.pop("format")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SpecMismatch(f"not a model spec: {error!r}") from error
        if found != FORMAT:
            raise SpecMismatch(
                f"the spec is of format {found}, this client reads format {FORMAT}; "
                "update amphitrite or export the model again"
            )
        try:
            for side in ("inputs", "outputs"):
                raw[side] = tuple(
                    TensorSpec(
                        **{
                            **tensor,
                            "shape": tuple(tensor["shape"]),
                            "axes": tuple(tensor["axes"]),
                        }
                    )
                    for tensor in raw[side]
                )
            raw["members"] = tuple(Member(**member) for member in raw["members"])
            raw["labels"] = tuple(raw["labels"])
            raw["references"] = tuple(raw["references"])
            return cls(**raw)
        except (TypeError, KeyError, ValueError) as error:
            raise SpecMismatch(f"not a model spec: {error}") from error

    def with_weights(
        self,
        *,
        digest: str,
        learned: Mapping[str, Any] | None = None,
        members: tuple[Member, ...] = (),
    ) -> ModelSpec:
        """Return this contract with the digest and learned values of some weights."""
        return replace(
            self,
            digest=digest,
            learned=dict(self.learned if learned is None else learned),
            members=members,
        )


def wiring_digest(
    members: Iterable[Member],
    steps: Iterable[tuple[str, Mapping[str, str], Mapping[str, str]]],
) -> str:
    """Return the digest of an ensemble: its members' weights and their connections.

    Parameters
    ----------
    members : iterable of Member
        Its members.
    steps : iterable of (str, mapping, mapping)
        Of each step the member's name, and the ensemble's tensor of each of its inputs
        and of each of its outputs.

    Returns
    -------
    str
        ``"sha256:..."``.
    """
    parts = {
        "members": [[member.name, member.digest] for member in members],
        "steps": [
            {"model": model, "inputs": dict(inputs), "outputs": dict(outputs)}
            for model, inputs, outputs in steps
        ],
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


# The fields of a tensor that are compared; the description is not.
_COMPARED = ("dtype", "shape", "axes", "unit", "minimum", "maximum", "filled_by")


def _contract(spec: ModelSpec) -> dict[str, Any]:
    """Return the compared half of a spec as ``{field: value}``."""
    flat: dict[str, Any] = {"name": spec.name, "labels": list(spec.labels)}
    for side in ("inputs", "outputs"):
        tensors: tuple[TensorSpec, ...] = getattr(spec, side)
        flat[side] = [tensor.name for tensor in tensors]
        for tensor in tensors:
            for part in _COMPARED:
                value = getattr(tensor, part)
                flat[f"{side}.{tensor.name}.{part}"] = (
                    list(value) if isinstance(value, tuple) else value
                )
    constants = json.loads(json.dumps(dict(spec.constants)))
    flat.update({f"constants.{key}": value for key, value in constants.items()})
    return flat


@contextmanager
def reading_learned(spec: ModelSpec) -> Iterator[Mapping[str, Any]]:
    """Yield the learned values of a served model, to be read in the block.

    Raises
    ------
    SpecMismatch
        A value that the block reads is missing or invalid.
    """
    try:
        yield spec.learned
    except (KeyError, TypeError, ValueError) as error:
        raise SpecMismatch(
            f"the served '{spec.name}' does not say what was learned with its "
            f"weights ({error!r}); received {sorted(spec.learned)}. Export the "
            "model again."
        ) from error


def check_contract(*, served: ModelSpec, expected: ModelSpec) -> None:
    """Compare the contract of a served model with the one a survey expects.

    Raises
    ------
    SpecMismatch
        A field differs; the message names the first one, with both values.
    """
    have, want = _contract(served), _contract(expected)
    for key in sorted(want.keys() | have.keys(), key=lambda k: (k.count("."), k)):
        if have.get(key) != want.get(key):
            raise SpecMismatch(
                f"model '{expected.name}': the field '{key}' differs: the server has "
                f"{have.get(key)!r}, this client expects {want.get(key)!r}.\n"
                "Use the client and the model repository of the same release."
            )
