"""Simulated four-band fields for Morpheus's network, with their true sources."""

from amphitrite_training.surveys.morpheus.simulate.field import Field, render_field
from amphitrite_training.surveys.morpheus.simulate.files import write_field

__all__ = ["Field", "render_field", "write_field"]
