"""A cluster becomes what the network is given: in one unit, centred, without gaps."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.files.choices import Choices
from amphitrite.surveys.darkcnn.page import DENSITY, MODEL
from amphitrite.surveys.darkcnn.prepare.masses import aperture_mean
from amphitrite.surveys.darkcnn.prepare.reading import Reading
from amphitrite.surveys.darkcnn.prepare.tensors import prepared
from amphitrite.surveys.darkcnn.prepare.units import critical_density


def prepare(cluster, **reading):
    """Return what the network is given, and what was said."""
    choices = Choices()
    return prepared(cluster, Reading(**reading), choices), choices.made


def test_a_cluster_with_mass_alone(cluster, density):
    found, said = prepare(cluster(attributes={"log_m200": 14.5}, others={"sigma": 1}))
    np.testing.assert_allclose(found.maps[..., 0], density() / DENSITY, rtol=1e-6)
    assert not found.maps[..., 1:].any()
    assert found.present.tolist() == [1, 0, 0]
    np.testing.assert_allclose(found.attributes, [0.3, 14.5, 0, 0], rtol=1e-6)
    assert found.attributes_present.tolist() == [1, 1, 0, 0]
    assert (found.flags, found.missing, said) == ((), {"total": 0}, [])
    assert found.centre == (49.5, 49.5)
    assert found.others == {"sigma": 1}


def test_tensors_are_those_of_the_page(cluster):
    found, _ = prepare(cluster())
    names = ("maps", "present", "attributes", "attributes_present")
    tensors = {tensor.name: tensor for tensor in MODEL.inputs}
    for tensor, values in ((tensors[key], getattr(found, key)) for key in names):
        assert values.shape == tensor.shape
        assert values.dtype == tensor.dtype
        assert np.isfinite(values).all()


def test_a_convergence_becomes_mass(cluster, density):
    """In whatever way the same mass is written, the network is given the same."""
    want, _ = prepare(cluster())
    for unit, values, source in (
        ("Msun/Mpc2", density() * 1e6, None),
        ("kappa", density() / critical_density(0.3, 2.0), 2.0),
        ("kappa", density() / critical_density(0.3, 1.1), 1.1),
    ):
        given = cluster({"total": values}, unit=unit, source_redshift=source)
        found, said = prepare(given)
        # float32 has seven digits
        np.testing.assert_allclose(found.maps, want.maps, rtol=1e-6)
        assert said == []
        assert found.mass == pytest.approx(want.mass, rel=1e-6)


def test_the_redshift_of_the_sources_is_said_where_nobody_states_it(cluster, density):
    _, said = prepare(cluster({"total": density() / DENSITY}, unit="kappa"))
    assert said == [
        "convergence is taken to hold for sources at redshift 2; if that is wrong, "
        "give --z-source"
    ]


def test_x_rays_and_stars_are_over_their_means(cluster, density):
    given = cluster({"total": density(), "stars": density(core=20) * 7})
    found, _ = prepare(given)
    assert found.present.tolist() == [1, 0, 1]
    # float32 has seven digits
    assert aperture_mean(found.maps[..., 2]) == pytest.approx(1, rel=1e-6)
    np.testing.assert_allclose(
        found.maps[..., 2] / found.maps[50, 50, 2],
        density(core=20) / density(core=20)[50, 50],
        rtol=1e-6,
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.zeros((100, 100)), "left out: the map of xray of A1 is not above 0"),
        (np.full((100, 100), np.nan), "left out: .* holds no number within 1 Mpc"),
    ],
)
def test_an_empty_channel_is_left_out(cluster, density, values, said, caplog):
    found, made = prepare(cluster({"total": density(), "xray": values}))
    assert found.present.tolist() == [1, 0, 0]
    assert list(found.missing) == ["total"]
    assert re.search(said, caplog.text)
    assert made == [
        "maps of xray that cannot be used are left out, and the clusters judged "
        "without them"
    ]


def test_a_map_of_any_pixel_and_direction(cluster, density):
    """The same cluster in pixels of 10 kpc, 3 Mpc wide, and turned by 90 degrees."""
    want, _ = prepare(cluster())
    fine = density(300, 300, pixel=10.0)
    found, _ = prepare(cluster({"total": np.rot90(fine)}, pixel_kpc=(10.0, 10.0)))
    # Four pixels of 10 kpc against the middle of one of 20, in a core of 60 kpc.
    np.testing.assert_allclose(found.maps, want.maps, rtol=0.01)
    assert found.flags == ()


def test_all_channels_have_one_centre(cluster, density):
    maps = {name: density(centre=(44.0, 52.0)) for name in ("total", "xray", "stars")}
    found, _ = prepare(cluster(maps), centre="peak")
    assert found.centre == (44, 52)
    for number in range(3):
        values = found.maps[..., number]
        np.testing.assert_allclose(values[49:51, 49:51], values[49, 49], rtol=1e-5)


def test_flags(cluster, density):
    total = density(50, 50, pixel=40.0)
    total[:2] = np.nan
    given = cluster({"total": total / total[25, 25]}, unit="maximum", redshift=0.6)
    given = type(given)(**{**vars(given), "pixel_kpc": (40.0, 40.0)})
    found, _ = prepare(given)
    assert found.flags == ("redshift_outside", "relative", "coarse", "gaps")
    assert math.isnan(found.mass)
    assert found.missing["total"] == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"unit": ""}, "A1 does not say in which unit its map of all mass is"),
        ({"unit": "kappa", "redshift": 0.0}, "needs sources behind a lens"),
        ({"unit": "kappa", "source_redshift": 0.2}, "needs sources behind a lens"),
        ({"unit": "kappa"}, "Msun within 400 kpc of its centre if its map is in 'kap"),
        ({"pixel_kpc": (15.0, 15.0)}, "42% of the map of total of A1 is missing"),
        ({"maps": {"total": np.full((100, 100), np.nan)}}, "is NaN throughout"),
    ],
)
def test_what_cannot_be_used_is_refused(cluster, changed, said):
    with pytest.raises(BadInput, match=said):
        prepare(cluster(**changed))


def test_a_peak_far_from_the_centre_is_flagged(cluster, density):
    given = cluster({"total": density(centre=(56.0, 49.0))})
    assert prepare(given)[0].flags == ("off_centre",)
    assert prepare(given, centre="peak")[0].flags == ("gaps",)


def test_negative_mass_is_refused(cluster, density):
    with pytest.raises(BadInput, match="surface density is 0 or negative"):
        prepare(cluster({"total": -density()}))
