import pytest
from astropy.io import fits

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.prepare import exposures, inputs
from amphitrite.surveys.asid.prepare.instrument import check_instrument


def header(telescope=None, instrument=None):
    cards = {"TELESCOP": telescope, "INSTRUME": instrument}
    return fits.Header({key: value for key, value in cards.items() if value})


@pytest.mark.parametrize(
    "headers",
    [
        [header("GLAST", "LAT")],
        [header("Fermi", "LAT")],
        [header(), header("GLAST", "LAT")],
        [header("GLAST")],
        [header(None, "LAT")],
    ],
)
def test_the_lat_is_known_by_its_names(headers):
    assert check_instrument("a.fits", *headers)


def test_a_file_may_be_silent_about_it():
    assert not check_instrument("a.fits", header(), header())


@pytest.mark.parametrize(
    ("telescope", "instrument"),
    [
        ("HESS", None),
        ("GLAST", "GBM"),
        ("AGILE", "GRID"),
        (None, "IACT"),
        ("CTA", "LAT"),
    ],
)
def test_other_instruments_are_refused_by_name(telescope, instrument):
    with pytest.raises(BadInput, match=r"a\.fits is not of the Fermi LAT") as caught:
        check_instrument("a.fits", header(telescope, instrument))
    for name in filter(None, (telescope, instrument)):
        assert f"'{name}'" in str(caught.value)


def test_event_lists_of_another_instrument_are_refused(write_events):
    cards = {"TELESCOP": "GLAST", "INSTRUME": "GBM"}
    path = write_events(energy=[400.0], lon=[0], lat=[0], cards=cards)
    with pytest.raises(BadInput, match="INSTRUME = 'GBM'"):
        inputs.read([path])


def test_cubes_of_another_instrument_are_refused(write_cube):
    path = write_cube([[[1]], [[2]]], cards={"TELESCOP": "HESS"})
    with pytest.raises(BadInput, match="TELESCOP = 'HESS'"):
        inputs.read([path])
    with pytest.raises(BadInput, match="TELESCOP = 'HESS'"):
        exposures.read(path)


def test_what_is_not_stated_is_said_once(write_events, caplog):
    nothing = {"TELESCOP": "", "INSTRUME": ""}
    some = [
        write_events(
            f"{n}.fits", energy=[400.0], lon=[n], lat=[0], time=[n], cards=nothing
        )
        for n in range(3)
    ]
    inputs.read(some)
    assert "0.fits and 2 more: neither TELESCOP nor INSTRUME is stated" in caplog.text
    assert len(caplog.records) == 1
