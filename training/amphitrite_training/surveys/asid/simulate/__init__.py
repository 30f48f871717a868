"""A simulated gamma-ray sky: expected counts, photons, files and the truth."""
