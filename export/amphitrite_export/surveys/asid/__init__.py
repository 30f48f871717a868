"""Peak finder, heads and ensembles of gamma-ray sources."""
