"""Stars in small images: recipe, network, simulation and evaluation."""
