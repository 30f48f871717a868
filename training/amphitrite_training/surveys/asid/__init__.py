"""ASID: gamma-ray sources in the sky of the Fermi Large Area Telescope."""
