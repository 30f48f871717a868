"""Write the model card of the served source detector."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

from amphitrite.surveys.asid.bands import BANDS
from amphitrite.surveys.asid.page import MATCH_DEGREES, REFERENCES, UNET
from amphitrite.triton.spec import ModelSpec
from amphitrite_training.diagrams.style import FOLDER
from amphitrite_training.evaluation.cards import lines, properties, ranged, sections
from amphitrite_training.surveys.asid.calibrate import PAPER_FLUX_EDGES
from amphitrite_training.surveys.asid.heads.card import described
from amphitrite_training.surveys.asid.heads.measures import LEAST_SOURCES
from amphitrite_training.surveys.asid.measures import Evaluation
from amphitrite_training.surveys.asid.pictures import NOTABLE
from amphitrite_training.surveys.asid.simulate.sky import YEARS
from amphitrite_training.surveys.asid.tables import Counted, Table

# Panes et al. 2021, arXiv:2103.11068: purity and completeness on their own simulated
# sky, from the table in the notebook published with it; None where it has no value.
V1: Final = {
    "|b| > 20": (
        (0.69, 0.14), (0.90, 0.54), (0.95, 0.88), (0.96, 0.95),
        None, (0.97, 0.99), None, None, None, None, None,
    ),
    "all sky": (
        (0.59, 0.10), (0.84, 0.41), (0.93, 0.74), (0.95, 0.88),
        (0.94, 0.93), (0.96, 0.96), (0.94, 0.97), (0.91, 0.97),
        None, (0.80, 0.96), (0.79, 1.00),
    ),
}  # fmt: skip


def card(found: Evaluation) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    found : Evaluation
        The measurements.

    Returns
    -------
    str
        The model, its training, the measurements with their methods, and their limits.
        It shows the pictures of `amphitrite_training.surveys.asid.pictures`.
    """
    return sections(
        "# Model card: asid\n\nWritten by `amphitrite evaluate asid`; do not edit.",
        _model(found),
        "## How it was trained",
        *(_trained(spec) for spec in found.members.values()),
        _training_data(found),
        _DEPARTURES,
        _discs(found),
        "## What was measured",
        _skies(found),
        _PICTURES,
        *(_variant(found, variant) for variant in found.tables),
        "## Flux, position and P(fake) of a detection",
        described(found),
        _NOT_MEASURED,
    )


def _model(found: Evaluation) -> str:
    learned = found.spec.learned
    members = ", ".join(f"{m.name} version {m.version}" for m in found.spec.members)
    thresholds, fakes = learned["thresholds"], learned["fake_thresholds"]
    return properties(
        {
            "version": f"{found.version} ({members})",
            "digest of the members' weights, and how they are joined": (
                f"`{found.spec.digest}`"
            ),
            "method": "; ".join(REFERENCES),
            "input": "counts of a 10 x 10 deg patch in "
            + ", ".join(band.label for band in BANDS),
            "output": "a mask of 128 x 128 pixels; its peaks with their scores; of "
            "each peak the flux, the probability of being a fluctuation and the offset "
            "to the source, with errors",
            "marks": f"discs of {learned['disc_radius_pixels']:g} pixels, Laplacian of "
            f"Gaussian of {learned['log_sigma_pixels']:g} pixels, one source within "
            f"{learned['suppression_degrees']:g} deg",
            "threshold": _by_bands(thresholds),
            "P(fake)": f"up to {_by_bands(fakes)}",
        }
    )


def _by_bands(thresholds: Any) -> str:
    """Return the thresholds for three of the sets of bands, in words."""
    return (
        f"{thresholds['11111']:g} with all bands, {thresholds['11000']:g} with "
        f"7-20 and 2-7 GeV, {thresholds['01000']:g} with 2-7 GeV alone"
    )


def _trained(spec: ModelSpec) -> str:
    training, recipe = spec.learned["training"], spec.learned["recipe"]
    changed = ", ".join(f"{key} = {value}" for key, value in sorted(recipe.items()))
    return (
        f"`{spec.name}`: "
        f"{training['samples_seen']:,} samples in {training['seconds'] / 60:.0f} "
        f"minutes with {training['backend']} on {_devices(training)}; "
        f"{training['trainable_parameters']:,} parameters. The recipe: {changed}."
    )


def _devices(training: Any) -> str:
    """Return the devices on which a network was trained, in words."""
    devices = training["devices"]
    if all(device.lower().startswith("cpu") for device in devices):
        return "processor cores alone, without a GPU"
    return ", ".join(devices)


def _detector_recipe(found: Evaluation) -> Any:
    return found.members[UNET.name].learned["recipe"]


def _training_data(found: Evaluation) -> str:
    return f"""\
**All training data are simulated**: expected counts of skies whose point sources follow
the 4FGL-DR3 catalogue's numbers, with the diffuse emission of the variants \
{", ".join(_detector_recipe(found)["variants"])}, the point spread function of P8R3 \
and {YEARS:g} years \
of exposure; for the detector photons are drawn anew at every visit. Energy dispersion
and extended sources are left out. The networks that describe a source learned from the
peaks of the trained detector on such skies, including those of its own training, each
with the photons in which the peak was found: two draws of each patch, turned and
mirrored at every visit. The systematic error of the flux comes from the same sources in
front of all variants of the diffuse emission, including variant C, on which no network
was trained."""


_DEPARTURES: Final = """\
These three networks differ from the published ones. A map of counts has no axis of
time, so the bands are the channels of two-dimensional convolutions. Counts enter as
square roots, not divided by their maximum. The location network takes the score in the
place of the Galactic latitude, which simulated skies should not teach. Sums (flux) and
centroids (location) of the counts around the peak enter beside the image. Training
takes few epochs with Adam, a cosine schedule from a rate of 0.002 and batches of 128,
in the place of up to 300 epochs with rates of 5e-5 to 9e-5, constant or falling on
plateaus, and of RMSprop for the classifier. The location network has 5 towers of half
the width in the place of 12."""


def _discs(found: Evaluation) -> str:
    return f"""\
A source gets a disc if its expected test statistic (twice the
logarithm of the likelihood ratio, within the 68 % radius, summed over the bands
present) is above {_detector_recipe(found)["disc_test_statistic"]:g}.

Disc and Laplacian of Gaussian were chosen on validation skies (192 patches, seeds of
their own) from three short trainings of a quarter of the width, 4,400 to 6,500 samples
each, at the threshold nearest to a purity of 0.95 at |b| > 25; their discs went to
sources with a signal-to-noise above 4, a rule that lost faint sources where there are
few photons and was replaced afterwards:

| disc | LoG sigma | purity | completeness from 1.27e-10, 2.34e-10, 4.28e-10, 7.85e-10 \
| above 1e-9 | above 1e-9, given perfect discs |
|---|---|---|---|---|---|
| 8 px, flat (the paper's) | 6 px | 0.958 | 0.55, 0.87, 0.96, 0.97 | 0.984 | 0.957 |
| 8 px, dome | 4 px | 0.955 | 0.58, 0.90, 0.96, 0.97 | 1.000 | 0.988 |
| 5 px, dome | 3 px | 0.938 | 0.59, 0.93, 0.98, 0.99 | 1.000 | 1.000 |

The last pair was chosen: it separates neighbours that the paper's pair merges."""


def _skies(found: Evaluation) -> str:
    skies = ", ".join(
        f"seed {seed} (variant {variant})" for seed, variant in found.skies
    )
    radius = found.spec.learned["suppression_degrees"]
    return f"""\
**These skies are simulated too**: {skies}, {found.n_patches} patches in all, of seeds
that training never used, sent through the served ensemble and put together as the
client does. A source counts as found if a detection is within \
{MATCH_DEGREES:g} deg, one to one, the brightest source first; a second detection
of it is false, and so is that of a source below {PAPER_FLUX_EDGES[0]:.3g}. Completeness
goes by the true flux above 1 GeV, purity by the detection's aperture flux. Intervals
are 95 %, from resampling the sky in blocks; that of a share reaches at least as far as
Wilson's, since resampling alone would give a share of 0 or 1 no error. *Ceiling* is
the completeness of a detector that knows every source, but reports two within
{radius:g} deg as one. *V1* is the published
system (Panes et al. 2021) **on its own simulated sky: the skies differ, so its numbers
stand here for orientation and not as a ranking.** Bins of fewer than {LEAST_SOURCES}
sources are in brackets."""


_PICTURES: Final = f"""\
![Map of a simulated sky]({FOLDER}/sky.png)

*A simulated sky and its catalogue with the classifier's cut: the true sources in the
catalogue, the missed ones (of a true flux above {NOTABLE:.3g}), and the false ones. The
larger the marker, the brighter the source.*

![Completeness on simulated skies]({FOLDER}/completeness.png)

*Simulated sources: completeness by the detector's threshold alone and with the
classifier's cut in its place, with 95 % intervals. Hollow: fewer than {LEAST_SOURCES}
sources. The last bin has no upper limit.*"""


def _variant(found: Evaluation, variant: str) -> str:
    """Return the tables of the skies of one variant of the diffuse emission."""
    seen = variant in _detector_recipe(found)["variants"]
    return sections(
        f"### Variant {variant} of the diffuse emission, "
        f"{'seen in training' if seen else 'never seen'}",
        *(_table(name, table) for name, table in found.tables[variant].items()),
    )


def _table(name: str, table: Table) -> str:
    rows = lines(
        (f"{low:.3g}", _share(found), _ceiling(found, best), _share(pure), _v1(v1))
        for (low, _), found, best, pure, v1 in zip(
            pairwise(PAPER_FLUX_EDGES),
            table.completeness,
            table.ceiling,
            table.purity,
            V1[name],
            strict=True,
        )
    )
    pure, complete = table.whole
    return f"""**{name}**

| flux from (ph/cm2/s) | completeness | ceiling | purity | V1: completeness, purity |
|---|---|---|---|---|
{rows}
| fainter | | | {_share(table.faint)} | |
| all | {_share(complete)} | | {_share(pure)} | |"""


def _share(counted: Counted) -> str:
    if not counted.n:
        return "none"
    text = ranged(counted.value, (counted.low, counted.high), of=str(counted.n))
    return text if counted.n >= LEAST_SOURCES else f"[{text}]"


def _ceiling(complete: Counted, ceiling: float) -> str:
    return f"{ceiling:.3f}" if complete.n else "none"


def _v1(value: tuple[float, float] | None) -> str:
    return f"{value[1]:.2f}, {value[0]:.2f}" if value else "not published"


_NOT_MEASURED: Final = """\
## What was not measured

Real skies are not part of this card, since their true sources are not known; the tests
that read real data compare with the 4FGL catalogue. The simulated exposure is constant
over a patch, so that its correction towards the source is not measured here. Where
patches overlap, each has photons of its own: a source that lies about equally deep in
two patches has two chances to be found, and so has a fluctuation; this concerns 9 % of
the sky."""
