"""The networks that describe a detected source: its flux, its truth, its place."""
