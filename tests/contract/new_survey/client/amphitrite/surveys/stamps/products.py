"""What is written beside the catalogue: nothing."""
