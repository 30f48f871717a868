"""The catalogue of clusters: its columns and flags, and their values."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from amphitrite.files.columns import Column, join_flags
from amphitrite.surveys.darkcnn.interpret import floor
from amphitrite.surveys.darkcnn.interpret.clusters import Clusters
from amphitrite.surveys.darkcnn.interpret.judgement import Judgement
from amphitrite.surveys.darkcnn.interpret.sample import cluster_estimates
from amphitrite.surveys.darkcnn.interpret.sample_table import (
    CROSS_SECTION_UCD,
    CROSS_SECTION_UNIT,
)
from amphitrite.surveys.darkcnn.learned import Learned
from amphitrite.surveys.darkcnn.page import (
    ATTRIBUTES,
    CONCENTRATION,
    ELLIPTICITY,
    LOG_MASS,
    REDSHIFT,
)
from amphitrite.surveys.darkcnn.prepare import tensors

_CLASSES: Final = ("cdm", "sidm0_1", "sidm1")  # `LABELS` as names of columns

COLUMNS: Final = (
    Column("cluster_id", "str", "", "meta.id;meta.main", "Identity in its file"),
    Column("z", "float32", "", "src.redshift", "Redshift as stated"),
    Column(
        LOG_MASS,
        "float32",
        "",
        "phys.mass",
        "Common logarithm of M200 in solar masses as stated, NaN if it is not",
    ),
    Column(
        CONCENTRATION,
        "float32",
        "",
        "phot.flux;em.X-ray;arith.ratio",
        "X-ray flux within 100 kpc over that within 400 kpc as stated, or NaN",
    ),
    Column(
        ELLIPTICITY,
        "float32",
        "",
        "src.ellipticity",
        "Ellipticity of the brightest galaxy as stated, or NaN",
    ),
    Column(
        "mass_400kpc",
        "float64",
        "solMass",
        "phys.mass",
        "Projected mass within 400 kpc of the centre, NaN for a relative map",
    ),
    Column("kind", "str", "", "meta.code.class", "Channels that were judged"),
    Column(
        "noise",
        "float32",
        "",
        "instr.det.noise",
        "Noise in a pixel of all mass, as a convergence at redshift 0.3; 0 for a "
        "relative map",
    ),
    *(
        Column(
            f"p_{name}",
            "float32",
            "",
            "stat.probability;src.class",
            f"Probability of {label} among the three classes",
        )
        for name, label in zip(_CLASSES, ("CDM", "0.1 cm2/g", "1 cm2/g"), strict=True)
    ),
    Column(
        "score",
        "float32",
        "",
        "stat.value",
        "The network's log10 of the cross-section in cm2/g plus 0.03, not calibrated",
    ),
    Column(
        "sigma_m",
        "float32",
        CROSS_SECTION_UNIT,
        CROSS_SECTION_UCD,
        "Cross-section per mass by this cluster alone: median under a flat prior from "
        "0 to 1.5",
    ),
    Column(
        "sigma_m_err",
        "float32",
        CROSS_SECTION_UNIT,
        "stat.error;phys.area",
        "Standard deviation of that posterior; 0.43 if the cluster says nothing",
    ),
    Column(
        "entropy",
        "float32",
        "",
        "stat.value",
        "Entropy of the class probabilities in nat: 0 if certain, 1.1 if ignorant",
    ),
    Column(
        "domain_distance",
        "float32",
        "",
        "stat.value",
        "Distance from simulated clusters in the network's features, in standard "
        "deviations",
    ),
    *(
        Column(
            f"p_floor_{name}",
            "float32",
            "",
            "stat.probability;src.class",
            f"Probability of {label} by a regression on the profile of all mass, NaN "
            "for a relative map",
        )
        for name, label in zip(_CLASSES, ("CDM", "0.1 cm2/g", "1 cm2/g"), strict=True)
    ),
    Column("in_sample", "bool", "", "meta.code", "Whether it counts in the sample"),
    Column(
        "flags",
        "str",
        "",
        "meta.code",
        "Comma-separated words, explained by amphitrite darkcnn --help",
    ),
)

OUT_OF_DOMAIN: Final = "out_of_domain"
UNCALIBRATED: Final = "uncalibrated"
FLAGS: Final = {
    OUT_OF_DOMAIN: "unlike all simulated clusters, and left out of the sample",
    UNCALIBRATED: "no clusters of its channels, unit and noise were simulated, so that "
    "it has no cross-section and is left out of the sample",
    tensors.REDSHIFT_OUTSIDE: "the redshift is not between 0 and 0.5",
    tensors.RELATIVE: "the map of all mass has no unit: it is over its own maximum",
    tensors.COARSE: "a pixel of the file is longer than 30 kpc",
    tensors.GAPS: "part of the map of all mass is missing",
    tensors.OFF_CENTRE: "the peak of all mass lies more than 100 kpc from the centre",
}
"""Meanings of the words in the column ``flags``, which is empty where none applies."""
_JUDGED: Final = (OUT_OF_DOMAIN, UNCALIBRATED)


def interpret(
    clusters: Clusters, judgement: Judgement, learned: Learned
) -> dict[str, NDArray[Any]]:
    """Return the columns of the catalogue.

    Parameters
    ----------
    clusters : Clusters
        The n clusters.
    judgement : Judgement
        Which of them count.
    learned : Learned
        What came with the weights.

    Returns
    -------
    dict of str to (n,) ndarray
        Values by column name.
    """
    known = np.where(clusters.attributes_present > 0, clusters.attributes, np.nan)
    attributes = dict(zip(ATTRIBUTES, known.T, strict=True))
    said = clusters.profile, clusters.attributes, clusters.attributes_present
    regression = floor.probabilities(learned.floor, *said)
    regression[clusters.relative] = np.nan
    sigma, error = cluster_estimates(clusters.score, judgement.calibrated)
    applies = {
        OUT_OF_DOMAIN: judgement.out_of_domain,
        UNCALIBRATED: judgement.uncalibrated,
    } | {flag: clusters.flagged(flag) for flag in FLAGS if flag not in _JUDGED}
    return {
        "cluster_id": clusters.name,
        "z": attributes.pop(REDSHIFT),
        **attributes,
        "mass_400kpc": clusters.mass,
        "kind": np.array(clusters.kinds, str),
        "noise": clusters.noise,
        **_by_class("p", clusters.probabilities),
        "score": clusters.score,
        "sigma_m": sigma,
        "sigma_m_err": error,
        "entropy": entr(clusters.probabilities).sum(axis=1),
        "domain_distance": clusters.distance,
        **_by_class("p_floor", regression),
        "in_sample": judgement.in_sample,
        "flags": join_flags(applies, len(clusters)),
    }


def _by_class(prefix: str, values: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """Return (n, 3) values as columns."""
    return {f"{prefix}_{name}": values[:, i] for i, name in enumerate(_CLASSES)}
