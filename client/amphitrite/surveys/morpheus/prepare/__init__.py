"""From images to windows, the inputs of the network."""
