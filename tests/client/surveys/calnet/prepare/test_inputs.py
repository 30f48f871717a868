"""Files become segments; unusable ones say why."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.files.checksums import checksum
from amphitrite.surveys.calnet.prepare.inputs import together, usable_segments


def test_sectors_are_put_together_without_overlaps(tmp_path, sector, binary, write):
    files = []
    for number, start in enumerate((2000.0, 2027.0, 2030.0)):
        time = sector(start=start)
        flux = 100 * binary(time, period=2.0)
        path = write(tmp_path / f"{number}.fits", time, flux)
        files.append(SimpleNamespace(path=path, checksum=checksum(path)))
    found = together(files, interpolation="pchip")
    starts = [segment.time[0] for segment in found]
    # both halves of the third file begin within those of the second
    assert starts == pytest.approx([2000, 2014, 2027, 2041], abs=0.3)
    assert all(a.time[-1] < b.time[0] for a, b in pairwise(found))
    other = SimpleNamespace(path=files[1].path, checksum="0" * 64)
    with pytest.raises(BadInput, match=r"1\.fits has another content than was judged"):
        together([files[0], other], interpolation="pchip")


@pytest.mark.parametrize(
    ("flux", "message"),
    [
        (lambda t: np.full(len(t), 5.0), "its flux is constant"),
        (lambda t: np.sin(t) - 50, "median flux below zero"),
        (lambda t: np.sin(7 * t), "centred on zero.*add 1"),
        (lambda t: 1e-3 + np.sin(7 * t), "centred on zero.*add 1"),
    ],
)
def test_unusable_light_curves_say_why(tmp_path, sector, write, flux, message):
    time = sector()
    path = write(tmp_path / "a.fits", time, flux(time))
    with pytest.raises(BadInput, match=rf"a\.fits has .*{message}"):
        usable_segments(path, interpolation="pchip")


@pytest.mark.parametrize("n", [1, 1999])
def test_short_light_curves_say_how_long_they_are(tmp_path, sector, write, n):
    time = sector()[:n]
    path = write(tmp_path / "a.fits", time, time % 5)
    message = rf"a stretch between gaps needs 2000 good points, .* longest has {n};"
    with pytest.raises(BadInput, match=message):
        usable_segments(path, interpolation="pchip")


def test_a_faint_star_is_not_taken_for_one_centred_on_zero(tmp_path, sector, write):
    """A point of a star may be as noisy as the star is bright."""
    time = sector()
    noise = np.random.default_rng(4).normal(0, 1, len(time))
    path = write(tmp_path / "a.fits", time, 1 + noise)
    _, found = usable_segments(path, interpolation="pchip")
    assert len(found) == 2


def test_segments_of_a_stitched_file_enclose_those_of_another(tmp_path, sector, write):
    files = []
    stitched = np.concatenate([sector(start=2000.0), sector(start=2100.0)])
    for number, time in enumerate((stitched, sector(start=2050.0))):
        path = write(tmp_path / f"{number}.fits", time, 2 + time % 3)
        files.append(SimpleNamespace(path=path, checksum=checksum(path)))
    found = together(files, interpolation="pchip")
    starts = [segment.time[0] for segment in found]
    # the highest flux, at the end of three days, is dropped
    assert starts == pytest.approx([2000, 2014, 2050, 2064, 2100, 2114], abs=0.3)
