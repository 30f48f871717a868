"""From the networks' answers to sources."""
