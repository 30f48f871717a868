"""``amphitrite darkcnn``: maps of galaxy clusters to a cross-section of dark matter."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amphitrite.commands import map_options as maps
from amphitrite.commands import options as common
from amphitrite.commands.groups import grouped

if TYPE_CHECKING:
    from amphitrite.surveys.darkcnn.run import Result

_PANEL = "Products"


@grouped
def darkcnn(
    inputs: maps.Maps,
    output: common.Catalogue,
    unit: maps.Unit = "",
    redshift: maps.Redshift = None,
    source_redshift: maps.SourceRedshift = None,
    pixel_kpc: maps.PixelKpc = None,
    pixel_arcsec: maps.PixelArcsec = None,
    centre: maps.Centre = "middle",
    channels: maps.Channels = "",
    likelihoods: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.fits",
            help="Also write the log-likelihood of each cluster that counts, on a grid "
            "of cross-sections, for others to multiply.",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None,
    plots: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also draw the sample: its posterior, mean profiles, and the most and "
            "least certain clusters (needs the 'plots' extra).",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None,
    run: common.Common = common.COMMON,
) -> None:
    """Estimate the self-interaction of dark matter from maps of galaxy clusters.

    WARNING: the weights come from a parametric generator of clusters and must never be
    used to publish a cross-section. Train on your own simulation for that.

    Dark matter that scatters on itself flattens the cores of clusters and makes them
    rounder. A network compares the map of all mass (from lensing, or a simulation) of
    each cluster with simulated ones of no cross-section (CDM), 0.1 and 1 cm2/g; maps of
    X-rays and stars help it. Simulated clusters of known cross-section then turn the
    mean answer of the sample into an estimate with an interval.

    Maps may have any size and pixels; 2 x 2 Mpc around the centre are used. Each needs
    a redshift, the size of its pixels and, for all mass, a unit: what a file does not
    say is stated with the options under Maps.

    The catalogue has a row for each cluster: cluster_id, z, log_m200,
    xray_concentration, bcg_ellipticity, mass_400kpc (Msun), kind, noise, p_cdm,
    p_sidm0_1, p_sidm1, score, sigma_m, sigma_m_err (cm2/g; this cluster alone),
    entropy, domain_distance, p_floor_cdm, p_floor_sidm0_1, p_floor_sidm1 (what a
    regression on the profile says: where the network is not surer, it adds nothing),
    in_sample and flags.

    A second table (the extension SAMPLE in FITS, else a file NAME_sample beside it)
    has the estimate of the sample with intervals of 68% and 95%, which can reach 0;
    the product of class probabilities that the original proposed, which is
    overconfident; and, for each systematic, how far it would move the estimate: the
    age of the haloes alone is a factor of 1.5, which no number of clusters mends.

    Flags: out_of_domain (unlike all simulated clusters; left out of the sample, as 5%
    of good ones are), uncalibrated (no clusters of its channels, unit and noise were
    simulated: no cross-section, left out), redshift_outside (not between 0 and 0.5),
    relative (the map of all mass has no unit, and is over its maximum), coarse (pixels
    longer than 30 kpc), gaps (part of the map is missing), off_centre (the peak lies
    more than 100 kpc from the centre).

    A file or cluster that cannot be used is named and left out, and the exit code is
    then 1.

    Example: amphitrite darkcnn 'maps/*.fits' --unit kappa --z 0.3 -o clusters.fits
    """
    from amphitrite.commands.conduct import conduct
    from amphitrite.surveys.darkcnn.options import Options

    conduct(
        *("darkcnn", inputs, output),
        Options(
            **maps.stated(
                unit=unit,
                redshift=redshift,
                source_redshift=source_redshift,
                pixel_kpc=pixel_kpc,
                pixel_arcsec=pixel_arcsec,
                centre=centre,
                channels=channels,
            ),
            likelihoods=likelihoods,
            plots=plots,
        ),
        run,
        describe,
    )


def describe(result: Result) -> tuple[str, dict[str, Any]]:
    """Return the sentence to print, and the fields for scripts."""
    (low, high), outer = (
        result.posterior.interval(0.68),
        result.posterior.interval(0.95),
    )
    sentence = (
        f"{result.posterior.median:.3f} cm2/g ({low:.3f} to {high:.3f} at 68%, "
        "statistical error alone)"
        if result.posterior.is_known
        else "no estimate"
    )
    n = len(result.table)
    return (
        f"{result.warning}\n{sentence} from {result.n_sample} of {n} clusters, in "
        f"{result.out}",
        {
            "warning": result.warning,
            "sigma_m": _finite(result.posterior.median),
            "interval_68": [_finite(end) for end in (low, high)],
            "interval_95": [_finite(end) for end in outer],
            "clusters": n,
            "clusters_in_sample": result.n_sample,
            "files": result.n_files,
        },
    )


def _finite(value: float) -> float | None:
    """Return a number, and None for NaN, which JSON does not have."""
    return value if math.isfinite(value) else None
