"""Gamma-ray sources in the sky of the Fermi Large Area Telescope."""
