"""The commands ``train``, ``evaluate`` and ``demo``."""
