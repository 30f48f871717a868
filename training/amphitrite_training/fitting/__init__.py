"""Training of networks: the loop, its data, its checkpoints and its result."""
