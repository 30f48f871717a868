"""A simulated four-band field as Morpheus's network expects one, with its truth."""

from amphitrite_training.surveys.morpheus.simulate.field import Field, render_field
from amphitrite_training.surveys.morpheus.simulate.files import write_field

__all__ = ["Field", "render_field", "write_field"]
