"""The version, alone in a module so that it can be read at no cost."""

__version__ = "0.1.0"
