"""From light curve files to segments, the inputs of the network."""
