"""What is drawn: nothing."""
