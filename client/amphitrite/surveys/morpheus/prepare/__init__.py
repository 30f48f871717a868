"""From images to the tensors of windows."""
