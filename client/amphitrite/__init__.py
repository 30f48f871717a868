"""Telescope files in, science catalogues out, deep networks on Triton in between."""

from amphitrite._version import __version__ as __version__
