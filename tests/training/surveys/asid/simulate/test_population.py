"""Point sources: as many as the catalogue has, and the catalogue's own."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.table import Table

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.bands import BANDS
from amphitrite_training.surveys.asid.simulate import population, spectra
from amphitrite_training.surveys.asid.simulate.population import CLASSES, ENERGIES

N_SKIES = 4
# Square degrees at latitudes over 10 deg.
HIGH = 41_252.96 * (1 - np.sin(np.radians(10)))


@pytest.fixture(scope="module")
def skies():
    return [population.draw(np.random.default_rng(seed)) for seed in range(N_SKIES)]


@pytest.fixture(scope="module")
def catalogue_file(real_data):
    return real_data / "gamma" / "gll_psc_v30.fit.gz"


# Per square degree at |b| > 10 deg, 4FGL-DR3; see the module's description.
@pytest.mark.parametrize(
    ("limit", "density"),
    [(5e-9, 0.00243), (1e-9, 0.0157), (5e-10, 0.0305), (3e-10, 0.0517)],
)
def test_there_are_as_many_sources_as_in_the_catalogue(skies, limit, density):
    n = np.mean([((one.flux > limit) & (np.abs(one.lat) > 10)).sum() for one in skies])
    expected = density * HIGH
    # Poisson of the one real sky and of the mean of ours; and 5 % for a count that is
    # interpolated between nine published points
    scatter = np.sqrt(expected * (1 + 1 / N_SKIES))
    assert abs(n - expected) < 3 * scatter + 0.05 * expected


def test_the_catalogue_holds_the_published_counts(catalogue_file):
    real = population.from_catalogue(catalogue_file)
    high = np.abs(real.lat) > 10
    for limit, density in ((5e-9, 0.00243), (1e-9, 0.0157), (5e-10, 0.0305)):
        found = (real.flux[high] > limit).sum() / HIGH
        assert found == pytest.approx(density, rel=0.005)  # three digits


def test_no_source_is_fainter_than_the_faintest_or_off_the_sphere(skies):
    for one in skies:
        assert one.flux.min() >= 3e-11 * (1 - 1e-9)
        assert ((one.lon >= 0) & (one.lon < 360)).all()
        assert (np.abs(one.lat) <= 90).all()
        assert np.isfinite(one.spectra).all()
        assert (one.spectra > 0).all()
        assert set(np.unique(one.kind)) == set(range(len(CLASSES)))


def test_the_same_seed_draws_the_same_sources(skies):
    again = population.draw(np.random.default_rng(1))
    np.testing.assert_array_equal(again.flux, skies[1].flux)
    np.testing.assert_array_equal(again.spectra, skies[1].spectra)
    assert len(skies[0]) != len(skies[1])


def test_galaxies_are_everywhere_and_the_disc_is_in_the_plane(skies):
    one = skies[0]
    galaxies = np.sin(np.radians(one.lat[one.kind < 3]))
    assert galaxies.mean() == pytest.approx(0, abs=4 / np.sqrt(3 * len(galaxies)))
    assert np.quantile(np.abs(one.lat[one.kind == CLASSES.index("other")]), 0.9) < 10


def test_pulsars_have_softer_ends_than_galaxies(skies):
    one = skies[0]

    def ratio(kind):
        chosen = one.spectra[one.kind == CLASSES.index(kind)]
        at = np.searchsorted(ENERGIES, [2_000.0, 15_000.0])
        return np.median(chosen[:, at[1]] / chosen[:, at[0]])

    assert ratio("psr") < 0.5 * ratio("fsrq") < 0.5 * ratio("bll")


def test_the_real_catalogue_is_read(catalogue_file):
    real = population.from_catalogue(catalogue_file)
    assert len(real) == 6_659
    brightest = real.flux.argmax()
    # Vela: the brightest steady source of the sky
    assert CLASSES[real.kind[brightest]] == "psr"
    assert (real.lon[brightest], real.lat[brightest]) == pytest.approx(
        (263.55, -2.79), abs=0.01
    )
    counts = np.stack(
        [spectra.counts_per_band(ENERGIES, real.spectra, b, years=11) for b in BANDS]
    )
    assert np.isfinite(counts).all()
    # The exposure from 1 to 2 GeV, where most photons are, is 0.87 to 0.94 of that at
    # 10 GeV; the few photons above 20 GeV count in the flux alone.
    hard = counts[:3].sum(axis=0) / (real.flux * 3.23e11 / 7 * 11)
    assert np.median(hard) == pytest.approx(0.91, abs=0.02)
    assert counts[2, brightest] > 1e5


def test_the_catalogue_agrees_with_its_own_energy_fluxes(catalogue_file):
    real = population.from_catalogue(catalogue_file)
    table = Table.read(catalogue_file, hdu=1)
    flux = np.asarray(table["Flux1000"], float)
    table = table[np.isfinite(flux) & (flux > 0)]
    # nuFnu of band 4, 1 to 3 GeV, at its mean energy, in erg; from the file itself
    at = np.sqrt(1_000.0 * 3_000.0)
    density = np.exp(
        [np.interp(np.log(at), np.log(ENERGIES), np.log(s)) for s in real.spectra]
    )
    ours = density * at**2 * 1.602e-6
    strong = np.asarray(table["Sqrt_TS_Band"], float)[:, 3] > 10
    theirs = np.asarray(table["nuFnu_Band"], float)[:, 3]
    # a fit over all bands beside a fit in one: 10 sigma and the form leave 10 %
    assert np.median(ours[strong] / theirs[strong]) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("kind", ["text", "other table", "image", "nothing"])
def test_another_file_is_refused(tmp_path, kind):
    path = tmp_path / "gll_psc.fit"
    if kind == "text":
        path.write_text("no FITS file\n")
    elif kind == "other table":
        Table({"GLON": [1.0], "GLAT": [2.0]}).write(path, format="fits")
    elif kind == "image":
        from astropy.io import fits

        fits.writeto(path, np.zeros((4, 4)))
    with pytest.raises(BadInput, match=r"is no 4FGL source catalogue .* gll_psc file"):
        population.from_catalogue(path)
