"""Stars in small images: their flux."""
