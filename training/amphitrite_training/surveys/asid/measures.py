"""Measurements of the source detector on simulated skies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from amphitrite.surveys.asid.bands import ALL_BANDS
from amphitrite.triton.spec import ModelSpec
from amphitrite_training.surveys.asid.heads.measures import Described, summary
from amphitrite_training.surveys.asid.sky_results import SkyResult
from amphitrite_training.surveys.asid.tables import Table


@dataclass(frozen=True)
class Evaluation:
    """Measurements of a served ensemble on simulated skies.

    Parameters
    ----------
    spec : ModelSpec
        The served ensemble's spec.
    members : dict of str to ModelSpec
        The specs of its trained networks, by name: how they were trained.
    version : int
        Its version.
    skies : tuple of (int, str)
        Seed and diffuse variant of each sky.
    n_patches : int
        Patches of all skies.
    tables : dict of str to dict of str to Table
        By variant, then ``"|b| > 20"`` and ``"all sky"``: the detector's detections.
    catalogues : dict of str to dict of str to Table
        Likewise: the sources that pass the classifier's cut, with the networks'
        positions and fluxes.
    described : dict of str to Described
        By variant, all candidates.
    results : mapping of str to sequence of SkyResult
        By variant, its skies, in the order in which `described` joins them.
    shifts : mapping, optional
        The result of `amphitrite_training.surveys.asid.systematics.shifts`.
    """

    spec: ModelSpec
    members: dict[str, ModelSpec]
    version: int
    skies: tuple[tuple[int, str], ...]
    n_patches: int
    tables: dict[str, dict[str, Table]]
    catalogues: dict[str, dict[str, Table]]
    described: dict[str, Described]
    results: Mapping[str, Sequence[SkyResult]]
    shifts: Mapping[str, Any] | None = None

    @property
    def max_p_fake(self) -> float:
        """The highest P(fake) of a catalogue source, with all bands."""
        return float(self.spec.learned["fake_thresholds"][ALL_BANDS])

    def networks(self, variant: str) -> dict[str, Any]:
        """Return the measures of the describing networks of one variant."""
        return self._networks[variant]

    @cached_property
    def _networks(self) -> dict[str, dict[str, Any]]:
        """The measures of all variants, computed once for the card and the JSON."""
        return {
            variant: self._summary(found) for variant, found in self.described.items()
        }

    def _summary(self, found: Described) -> dict[str, Any]:
        learned = self.spec.learned
        return summary(
            found,
            self.max_p_fake,
            flux_95=learned["flux_sigma_95"],
            radius_68=learned["radius_68"],
            radius_95=learned["radius_95"],
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON types.

        Returns
        -------
        dict
            ``model``, ``version``, ``digest`` of the served ensemble; ``simulated``,
            which is true; ``skies``, seed and variant of each; ``patches``.
            ``tables`` and ``catalogues``, by variant and part of the sky: ``bins``,
            each with the limits ``flux`` and ``completeness``, ``ceiling``, ``purity``;
            ``purity``, ``completeness`` and ``fainter`` of all bins.  A share is
            ``hits``, ``of``, ``low`` and ``high``.
            ``networks``, by variant: see
            `amphitrite_training.surveys.asid.heads.measures.summary`.
            ``systematics``, where they were asked for: see
            `amphitrite_training.surveys.asid.systematics.shifts`.
        """
        numbers = {
            "model": self.spec.name,
            "version": self.version,
            "digest": self.spec.digest,
            "simulated": True,
            "skies": [list(sky) for sky in self.skies],
            "patches": self.n_patches,
            "tables": _as_dicts(self.tables),
            "catalogues": _as_dicts(self.catalogues),
            "networks": {variant: self.networks(variant) for variant in self.described},
        }
        if self.shifts is not None:
            numbers["systematics"] = dict(self.shifts)
        return numbers


def _as_dicts(tables: dict[str, dict[str, Table]]) -> dict[str, Any]:
    return {
        variant: {part: table.as_dict() for part, table in parts.items()}
        for variant, parts in tables.items()
    }
