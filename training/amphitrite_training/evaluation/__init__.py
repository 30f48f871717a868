"""Measures of quality that all surveys use."""
