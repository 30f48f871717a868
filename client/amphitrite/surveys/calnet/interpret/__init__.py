"""From probabilities and light curves to stars with a period."""
