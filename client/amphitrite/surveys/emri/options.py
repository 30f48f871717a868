"""The options of the search for inspirals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from amphitrite.engine import checks
from amphitrite.errors import BadInput
from amphitrite.surveys.emri.page import ASKED, LEAST_ALARMS, TIANQIN
from amphitrite.surveys.emri.sampling import CHANNELS


@dataclass(frozen=True)
class Options:
    """The options of the search for inspirals.

    Parameters
    ----------
    channels : tuple of str
        Names of the columns or datasets of channels I and II.
    psd : str or Path
        The noise curve with which strain is whitened: ``"tianqin"``, ``"estimate"`` or
        a file; see `amphitrite.surveys.emri.prepare.curves.curves`.
    whitened : bool
        Whether the strain is whitened already.
    fap : float
        False-alarm probability of a segment, which sets the threshold.
    overlap : float
        Share of a segment that the next one covers too.
    model : str
        The network.
    calibrate : int, optional
        Segments of noise to judge for the threshold, in place of the stored noise run.
    plots : Path, optional
        Folder for pictures of the stream and of each trigger; needs the ``plots``
        extra.

    Raises
    ------
    BadInput
        There are not two channels, there is no such model, or a number is out of its
        range.
    """

    channels: tuple[str, ...] = CHANNELS
    psd: str | Path = TIANQIN
    whitened: bool = False
    fap: float = 1e-3
    overlap: float = 0.5
    model: str = ASKED[0].name
    calibrate: int | None = None
    plots: Path | None = None

    def __post_init__(self) -> None:
        checks.to_paths(self, "plots")
        object.__setattr__(self, "channels", tuple(self.channels))
        if len(self.channels) != 2 or len(set(self.channels)) != 2:
            raise BadInput(
                "--channels must name two different columns, those of channels I and "
                f"II; received {', '.join(self.channels) or 'none'}"
            )
        if self.model not in (names := [model.name for model in ASKED]):
            raise BadInput(
                f"--model must be one of {', '.join(names)}; received {self.model}"
            )
        if self.whitened and self.psd != TIANQIN:
            raise BadInput(
                "--psd is the noise curve for whitening, and --whitened says that the "
                "strain is whitened already; give one of them"
            )
        checks.check_between(
            *("--fap", self.fap, 0, 1), wanted="a probability above 0 and below 1"
        )
        checks.check_between(
            *("--overlap", self.overlap, 0, 0.99),
            wanted="a share from 0 to 0.99",
            inclusive=True,
        )
        if self.calibrate is not None:
            self._check_calibration(self.calibrate)

    def _check_calibration(self, n: int) -> None:
        """Refuse to judge less noise than the false-alarm probability needs."""
        if n * self.fap < LEAST_ALARMS:
            raise BadInput(
                f"--calibrate must be {LEAST_ALARMS / self.fap:,.0f} at least for a "
                f"false-alarm probability of {self.fap:g}, so that {LEAST_ALARMS} "
                f"segments of noise are beyond the threshold; received {n:,}"
            )
