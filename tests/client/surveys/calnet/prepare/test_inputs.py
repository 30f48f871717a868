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


def test_times_that_do_not_rise_are_refused_with_the_file(tmp_path, sector, write):
    time = sector()
    time[40] = time[39]
    path = write(tmp_path / "a.fits", time, time % 5)
    with pytest.raises(BadInput, match=r"a\.fits: time does not rise: point 40"):
        usable_segments(path, interpolation="pchip")
