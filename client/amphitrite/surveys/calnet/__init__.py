"""Eclipsing binaries among the light curves of TESS."""
