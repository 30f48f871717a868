"""The networks that describe a peak: its flux, P(fake) and position."""
