"""Photons that several event lists, or one, hold more than once."""

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.asid.prepare import gathering, inputs

N = 60


@pytest.fixture
def write(write_events):
    """Write some of N photons, by their numbers; they come every ten seconds."""
    random = np.random.default_rng(2)
    energy = random.choice([400.0, 700.0, 1500.0, 3000.0, 9000.0], N)
    lon, lat = random.uniform(-5, 5, (2, N))

    def write(name, some, *, numbered=True, **options):
        some = np.asarray(some)
        return write_events(
            name,
            energy=energy[some],
            lon=lon[some],
            lat=lat[some],
            time=2.4e8 + 10.0 * some,
            numbers=some if numbered else None,
            **options,
        )

    return write


def same(one, other):
    np.testing.assert_array_equal(one.vectors, other.vectors)
    np.testing.assert_array_equal(one.bands, other.bands)
    assert one.n_outside == other.n_outside


@pytest.mark.parametrize("numbered", [True, False])
def test_photons_of_overlapping_lists_count_once(write, caplog, numbered):
    whole = inputs.read([write("all.fits", range(N), numbered=numbered)])
    assert not caplog.records
    assert whole.choices == {}
    one = write("one.fits", range(40), numbered=numbered)
    two = write("two.fits", range(30, N), numbered=numbered)
    photons = inputs.read([one, two])
    same(photons, whole)
    assert photons.choices == {"NREPEAT": 10}
    (record,) = caplog.records
    assert "10 photons occur more than once and are counted once" in record.message
    # in common from the first photon of the one to the last one of the other
    assert f"{one} and {two} have the time from 240000300 to 240000390 s" in (
        record.message
    )


def test_three_lists_may_share_a_photon(write, caplog):
    some = [
        write(f"{n}.fits", range(first, last))
        for n, (first, last) in enumerate([(0, 30), (10, 40), (20, N)])
    ]
    same(inputs.read(some), inputs.read([write("all.fits", range(N))]))
    assert "; and 1 more pairs of files" in caplog.text


def test_a_list_that_was_joined_from_overlapping_ones(write, caplog, monkeypatch):
    twice = [*range(40), *range(30, N)]
    whole = inputs.read([write("all.fits", range(N))])
    joined = write("joined.fits", twice)
    same(inputs.read([joined]), whole)
    assert f"{joined} holds some more than once" in caplog.text
    # of a long list the keys are found in a second reading
    monkeypatch.setattr(gathering, "_FEW", 10)
    seen = []
    same(gathering_of(joined, seen.append), whole)
    assert sum(seen) == len(twice)


def gathering_of(path, advance):
    class Advance:
        def __init__(self, what, total):
            pass

        def __enter__(self):
            return advance

        def __exit__(self, *exception):
            pass

    return inputs.read([path], progress=Advance)


def test_photons_in_another_order_all_count(write, caplog):
    order = np.random.default_rng(3).permutation(N)
    photons = inputs.read([write("mixed.fits", order)])
    assert len(photons) == N
    halves = [write("odd.fits", range(1, N, 2)), write("even.fits", range(0, N, 2))]
    assert len(inputs.read(halves)) == N
    assert not caplog.records


def test_photons_at_one_time_are_told_apart_by_their_numbers(write_events):
    same_time = dict(lon=[0, 0], lat=[0, 0], time=[5.0, 5.0])
    one = write_events("a.fits", energy=[400.0, 400.0], numbers=[1, 2], **same_time)
    two = write_events("b.fits", energy=[400.0, 400.0], numbers=[2, 3], **same_time)
    assert len(inputs.read([one, two])) == 3


def test_lists_that_cannot_be_compared_are_refused(write):
    def timeless(columns):
        return [column for column in columns if column.name != "TIME"]

    one = write("one.fits", range(40))
    two = write("two.fits", range(30, N), change=timeless)
    with pytest.raises(BadInput, match="do not both have a column TIME") as caught:
        inputs.read([one, two])
    assert str(one) in str(caught.value)
    assert str(two) in str(caught.value)
    assert len(inputs.read([two])) == 30
    bare = [
        write(f"{frame}.fits", range(30), numbered=False, frame=frame)
        for frame in ("both", "icrs")
    ]
    with pytest.raises(BadInput, match="or angles of the same frame"):
        inputs.read(bare)


def test_numbers_tell_photons_of_other_frames_and_units_apart(write):
    one = write("one.fits", range(40))
    two = write("two.fits", range(30, N), frame="icrs")
    assert len(inputs.read([one, two])) == N


def test_the_case_of_an_overlapping_download(beside_data):
    folder = beside_data("cases/events_overlapping")
    whole = inputs.read([folder / "all.fits.gz"])
    photons = inputs.read([folder / "first.fits.gz", folder / "second.fits.gz"])
    assert len(photons) == len(whole) == 9450
    assert photons.choices == {"NREPEAT": 3164}
    same_sky = [np.sort(found.vectors, axis=0) for found in (photons, whole)]
    np.testing.assert_array_equal(*same_sky)
