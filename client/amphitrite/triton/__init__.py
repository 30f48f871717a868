"""Triton: connections, configurations, contracts and model repositories."""
