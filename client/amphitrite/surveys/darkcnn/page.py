"""darkCNN: the cross-section of dark matter from maps of galaxy clusters.

Dark matter that scatters on itself flattens the cores of clusters, makes them rounder
and lets their central galaxies wander.  A network compares maps of a cluster, 2 Mpc
wide, with those of simulated clusters of three cross-sections per mass.
"""

from __future__ import annotations

from typing import Final

from amphitrite.triton.spec import ModelSpec, TensorSpec

REFERENCES: Final = (
    "Harvey 2024, arXiv:2405.17566",
    "Robertson et al. 2019, arXiv:1810.05649",
    "Merten et al. 2019, arXiv:1810.11027",
)

WARNING: Final = (
    "WARNING: the weights come from a parametric generator of clusters and must never "
    "be used to publish a cross-section"
)
"""The first line of whatever gives a cross-section."""
OWN_WARNING: Final = (
    "WARNING: the weights were trained on their user's own maps, not by Amphitrite's "
    "authors: a cross-section is as good as those maps; see the network's card"
)
"""The same for a network that somebody trained on maps of their own."""

PIXELS: Final = 100
"""Pixels along each side of a map."""
PIXEL_KPC: Final = 20.0
"""Length of a pixel at the cluster, in proper kpc."""
FIELD_KPC: Final = PIXELS * PIXEL_KPC
"""Length of a side of a map: 2 Mpc."""

TOTAL: Final = "total"
XRAY: Final = "xray"
STARS: Final = "stars"
CHANNELS: Final = (TOTAL, XRAY, STARS)
"""Maps of all mass, of X-rays and of stellar mass; only the first is obligatory."""

LENS_REDSHIFT: Final = 0.3
SOURCE_REDSHIFT: Final = 2.0
DENSITY: Final = 2.2841332e9
"""Unit of the map of all mass, Msun/kpc2.

It is the critical surface density of lenses at redshift 0.3 for sources at redshift 2
with the cosmology of Planck 2018: the map is the convergence that the cluster would
have at `LENS_REDSHIFT`, wherever it is, since a cluster at redshift 0 has none.
"""
APERTURE_KPC: Final = 400.0
"""Radius of the circle whose mean is 1 in the maps of X-rays and of stars."""

REDSHIFT: Final = "redshift"
LOG_MASS: Final = "log_m200"
CONCENTRATION: Final = "xray_concentration"
ELLIPTICITY: Final = "bcg_ellipticity"
ATTRIBUTES: Final = (REDSHIFT, LOG_MASS, CONCENTRATION, ELLIPTICITY)
"""Numbers beside the maps, of which all but the redshift may be absent.

The redshift; log10 of M200 in Msun; the X-ray flux within 100 kpc over that within
400 kpc; and the ellipticity of the brightest galaxy, (a - b) / (a + b) with the axes a
and b, which is sqrt(e1^2 + e2^2) of weak lensing's complex ellipticity (Bartelmann &
Schneider 2001, doi:10.1016/S0370-1573(00)00082-X, equation 4.10).
"""
MASS_ERROR_DEX: Final = 0.1
"""Error of log10 M200, which is put on the masses of simulated clusters."""
REDSHIFTS: Final = (0.0, 0.5)
"""Redshifts of the simulated clusters."""

LABELS: Final = ("CDM", "SIDM0.1", "SIDM1")
CROSS_SECTIONS: Final = (0.0, 0.1, 1.0)
"""Cross-section per mass of each class, cm2/g."""
LOG_OFFSET: Final = 0.03
"""Added to a cross-section in cm2/g before its logarithm, which exists at 0, too."""

MAPS: Final = "maps"
PRESENT: Final = "present"
RELATIVE: Final = "relative"
KNOWN: Final = "attributes"
KNOWN_PRESENT: Final = "attributes_present"
PROBABILITIES: Final = "probabilities"
SCORE: Final = "log_cross_section"
DISTANCE: Final = "domain_distance"

MODEL: Final = ModelSpec(
    name="darkcnn",
    inputs=(
        TensorSpec(
            name=MAPS,
            dtype="float32",
            shape=(PIXELS, PIXELS, len(CHANNELS)),
            axes=("y", "x", "channel"),
            description=(
                "all mass, as the convergence that it would have at redshift 0.3 for "
                "sources at redshift 2, and X-rays and stellar mass over their means "
                "within 400 kpc; 0 where the channel is absent"
            ),
        ),
        TensorSpec(
            name=PRESENT,
            dtype="float32",
            shape=(len(CHANNELS),),
            axes=("channel",),
            description="1 for each channel that is present, else 0",
            minimum=0.0,
            maximum=1.0,
        ),
        TensorSpec(
            name=RELATIVE,
            dtype="float32",
            shape=(1,),
            axes=("flag",),
            description="1 if the map of all mass is over its own maximum, else 0",
            minimum=0.0,
            maximum=1.0,
        ),
        TensorSpec(
            name=KNOWN,
            dtype="float32",
            shape=(len(ATTRIBUTES),),
            axes=("attribute",),
            description=(
                "redshift, log10 of M200 in Msun, X-ray concentration and ellipticity "
                "of the brightest galaxy; 0 where it is absent"
            ),
        ),
        TensorSpec(
            name=KNOWN_PRESENT,
            dtype="float32",
            shape=(len(ATTRIBUTES),),
            axes=("attribute",),
            description="1 for each attribute that is present, else 0",
            minimum=0.0,
            maximum=1.0,
        ),
    ),
    outputs=(
        TensorSpec(
            name="logits",
            dtype="float32",
            shape=(len(LABELS),),
            axes=("label",),
            description="class scores before the softmax",
        ),
        TensorSpec(
            name=PROBABILITIES,
            dtype="float32",
            shape=(len(LABELS),),
            axes=("label",),
            description="class probabilities, summing to one over the labels",
            minimum=0.0,
            maximum=1.0,
        ),
        TensorSpec(
            name=SCORE,
            dtype="float32",
            shape=(1,),
            axes=("score",),
            description="log10 of the cross-section in cm2/g plus 0.03",
        ),
        TensorSpec(
            name=DISTANCE,
            dtype="float32",
            shape=(1,),
            axes=("distance",),
            description=(
                "distance of the network's features of a cluster from those of "
                "simulated ones, in standard deviations"
            ),
            minimum=0.0,
        ),
    ),
    labels=LABELS,
    constants={
        "channels": list(CHANNELS),
        "attributes": list(ATTRIBUTES),
        "cross_sections_cm2_g": list(CROSS_SECTIONS),
        "log_offset_cm2_g": LOG_OFFSET,
        "pixel_kpc": PIXEL_KPC,
        "density_msun_kpc2": DENSITY,
        "aperture_kpc": APERTURE_KPC,
    },
    references=REFERENCES,
)

ASKED: Final = (MODEL,)
"""The models that a run requests."""

PRODUCTS: Final = ()
"""The result is one file, not a folder of products."""
