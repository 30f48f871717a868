"""Turn trained Keras artefacts into a Triton model repository."""
