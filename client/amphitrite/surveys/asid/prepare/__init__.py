"""From input files to photons and exposures, and from these to patches."""
