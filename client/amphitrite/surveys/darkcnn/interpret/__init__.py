"""From what the network answers to cross-sections."""
