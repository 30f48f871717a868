"""From light curve files to the tensors of segments."""
