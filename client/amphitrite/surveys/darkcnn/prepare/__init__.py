"""From files with maps to what the network is given."""
