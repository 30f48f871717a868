"""From the probabilities of windows to class maps, segments and sources."""
