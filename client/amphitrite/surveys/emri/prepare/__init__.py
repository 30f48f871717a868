"""From strain files to whitened segments, the inputs of the network."""
