"""Morphologies of galaxies in four-band images."""
