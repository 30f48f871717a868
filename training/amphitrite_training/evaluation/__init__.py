"""Measures of quality that surveys share."""
