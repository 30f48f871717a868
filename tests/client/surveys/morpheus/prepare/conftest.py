"""Images of four bands as observatories write them."""

import pytest
from four_bands import FourBands

from amphitrite.files.images import read_image
from amphitrite.surveys.morpheus.page import BANDS


@pytest.fixture
def files(tmp_path):
    return FourBands(tmp_path)


@pytest.fixture
def images(files):
    """Open the four bands by band, written with changes."""
    opened = []

    def open_images(**changes):
        for band, path in zip(BANDS, files.write(**changes), strict=True):
            opened.append((band, read_image(path)))
        return dict(opened[-4:])

    yield open_images
    for _, image in opened:
        image.close()
