"""Checks of options that several surveys have."""

from __future__ import annotations

from pathlib import Path

from amphitrite.errors import BadInput


def to_paths(options: object, *names: str) -> None:
    """Turn fields that name files into paths, where something is given.

    Parameters
    ----------
    options : dataclass
        Options that are being made; may be frozen.
    *names : str
        The fields.
    """
    for name in names:
        if (given := getattr(options, name)) is not None:
            object.__setattr__(options, name, Path(given))


def check_between(
    option: str,
    value: float | None,
    low: float,
    high: float,
    *,
    wanted: str,
    inclusive: bool = False,
) -> None:
    """Check that an option, if it is given, lies between two limits.

    Parameters
    ----------
    option : str
        Its name, such as ``"--threshold"``.
    value : float, optional
        What was given.
    low, high : float
        The limits.
    wanted : str
        What the value must be, in words.
    inclusive : bool
        Whether the limits themselves are allowed.

    Raises
    ------
    BadInput
        It does not, or is NaN.
    """
    if value is None or low < value < high or (inclusive and value in (low, high)):
        return
    raise BadInput(f"{option} must be {wanted}; received {value:g}")


def check_suffix(option: str, path: Path | None, suffix: str) -> None:
    """Check that an option, if it is given, is a file name with some suffix.

    Raises
    ------
    BadInput
        It is not.
    """
    if path is not None and path.suffix.lower() != suffix:
        raise BadInput(
            f"{option} must be a file name that ends in {suffix}; received {path}"
        )
