"""Simulated TESS light curves: binaries, other variables, the instrument and files."""
