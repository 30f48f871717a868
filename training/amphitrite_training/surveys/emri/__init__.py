"""Extreme-mass-ratio inspirals in the strain of TianQin."""
