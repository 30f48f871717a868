"""From photons and exposures to the tensors of patches."""
