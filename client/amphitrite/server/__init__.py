"""A Triton server on this machine: installing, starting, watching and stopping it."""

from amphitrite.server.launcher import LocalTriton as LocalTriton
