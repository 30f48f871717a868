"""Morpheus: classes of the pixels of galaxies in HST images."""
