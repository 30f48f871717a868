"""A real Triton server on this machine: installing, starting, watching, stopping it."""
