"""Fitting a network: the loop, its data, its checkpoints and its artefact."""
