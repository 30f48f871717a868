"""Simulated TESS light curves: eclipses, other variables, the instrument, files."""
