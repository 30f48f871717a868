"""Companion models and ensembles of the surveys."""
