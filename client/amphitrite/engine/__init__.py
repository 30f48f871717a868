"""The run engine: bounded work between files and server, resumed from its journal."""
