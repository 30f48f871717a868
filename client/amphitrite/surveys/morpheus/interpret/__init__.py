"""From probabilities of windows to sources."""
