"""The model card of stamps."""

from __future__ import annotations

from amphitrite_training.surveys.stamps.measures import Evaluation


def card(found: Evaluation) -> str:
    """Return the card as Markdown."""
    return f"""# Model card: stamps

Written by `amphitrite evaluate stamps`; do not edit.

Version {found.version}. The flux of {found.n} simulated stars scatters by
{found.scatter:.3f} of itself.
"""
