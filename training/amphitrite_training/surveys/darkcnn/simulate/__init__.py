"""Simulated maps of clusters whose dark matter scatters on itself."""
