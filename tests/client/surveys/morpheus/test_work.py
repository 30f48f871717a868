"""Strips of an image on their way through the server, without one."""

import numpy as np
import pytest
from astropy.io import fits as astropy_fits

from amphitrite.errors import BadInput
from amphitrite.files.images import read_image
from amphitrite.files.steady import Steady
from amphitrite.surveys.morpheus.page import BANDS, MODEL, PROBABILITIES
from amphitrite.surveys.morpheus.prepare.bands import Band
from amphitrite.surveys.morpheus.prepare.blank import find_blank
from amphitrite.surveys.morpheus.prepare.units import Conversion
from amphitrite.surveys.morpheus.prepare.windows import Strip
from amphitrite.surveys.morpheus.work import StripOfBands, prepare

STRIP = Strip((0, 1, 2))


@pytest.fixture
def images(tmp_path):
    rng = np.random.default_rng(12)
    opened = {}
    for band in BANDS:
        path = tmp_path / f"{band}.fits"
        pixels = rng.normal(size=(60, 50)).astype(np.float32)
        astropy_fits.writeto(path, pixels)
        image = read_image(path)
        opened[band] = Band(image, Conversion(""), find_blank(image))
    yield opened
    for band in opened.values():
        band.image.close()


def work(images, *, stride=1, batch=64):
    return prepare(StripOfBands(images, STRIP, stride, Steady([])), batch=batch)


def test_preparing_twice_gives_the_same_requests(images):
    first, second = (list(work(images).requests()) for _ in range(2))
    for (_, one), (_, two) in zip(first, second, strict=True):
        np.testing.assert_array_equal(one["windows"], two["windows"])


def test_no_strip_of_a_changed_file_is_prepared(images):
    paths = [image.path for image in images.values()]
    payload = StripOfBands(images, STRIP, 1, Steady(paths))
    prepare(payload, batch=64)
    other = paths[2].with_name("other.fits")
    other.write_bytes(paths[2].read_bytes())
    other.replace(paths[2])
    with pytest.raises(BadInput, match=r"V\.fits was changed or replaced while it was"):
        prepare(payload, batch=64)


def test_requests_are_what_the_contract_says(images):
    (tensor,) = MODEL.inputs
    sizes = []
    for _, tensors in work(images, batch=10).requests():
        assert set(tensors) == {tensor.name}
        assert tensors[tensor.name].shape[1:] == tensor.shape
        assert tensors[tensor.name].dtype == tensor.dtype
        sizes.append(len(tensors[tensor.name]))
    assert sum(sizes) == 3 * 11
    assert max(sizes) == 10


def test_bands_come_in_the_order_of_the_page(images):
    (_, tensors), *_ = work(images).requests()
    for number, band in enumerate(BANDS):
        np.testing.assert_array_equal(
            tensors["windows"][0, :, :, number], images[band].rows(0, 40)[:, :40]
        )


def test_nothing_that_is_not_finite_is_sent(images):
    strip = work(images)
    strip.pixels[20, 25, 3] = np.nan
    for _, tensors in strip.requests():
        assert np.isfinite(tensors["windows"]).all()


def test_answers_may_come_in_any_order(images):
    rng = np.random.default_rng(1)
    records = []
    for backwards in (False, True):
        strip = work(images, batch=7)
        requests = list(strip.requests())
        answers = [
            np.random.default_rng(i).random((len(t["windows"]), 40, 40, 5), np.float32)
            for i, (_, t) in enumerate(requests)
        ]
        order = list(range(len(requests)))
        if backwards:
            rng.shuffle(order)
        for i in order:
            strip.add(requests[i][0], {PROBABILITIES: answers[i]})
        records.append(strip.record())
    for name, values in records[0].items():
        np.testing.assert_array_equal(values, records[1][name])
