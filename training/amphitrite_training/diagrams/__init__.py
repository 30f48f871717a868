"""Diagrams for model cards and learning curves."""
