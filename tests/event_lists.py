"""A small event list, read row by row."""

import numpy as np
from astropy.io import fits

from amphitrite.files.opening import open_hdus
from amphitrite.surveys.asid.prepare.event_rows import blocks
from amphitrite.surveys.asid.prepare.event_table import describe

N = 7
PHOTONS = {
    "energy": 400.0 + np.arange(N),
    "lon": np.linspace(10, 70, N),
    "lat": np.linspace(-30, 60, N),
}


def described(path):
    with open_hdus(path, None) as hdus:
        return describe(path, hdus["EVENTS"])


def rows_of(events):
    return np.concatenate(list(blocks(events)))


def column(name, format_, unit, values, **options):
    """Return a change that puts a column in the place of that of the same name."""
    new = fits.Column(name, format_, unit, array=values, **options)
    return lambda columns: [new if each.name == name else each for each in columns]
