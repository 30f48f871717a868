"""Diagrams of model cards."""
