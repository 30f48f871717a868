"""A real Triton server on this machine: installing, starting, watching, stopping it."""

from amphitrite.server.launcher import LocalTriton as LocalTriton
