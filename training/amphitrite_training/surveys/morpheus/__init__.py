"""Morpheus: the network of the first survey, its weights and its simulated sky."""
