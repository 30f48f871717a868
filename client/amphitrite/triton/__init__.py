"""Triton: connections, model configurations, specs and model repositories."""
