"""Training on maps of a user's own: labels, split, calibration and card."""
