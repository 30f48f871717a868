"""How TianQin's strain is sampled, and how long a segment is.

The values are those of Zhang et al. 2022, PRD 105, 123027, arXiv:2202.07158.
"""

from __future__ import annotations

from typing import Final

CHANNELS: Final = ("I", "II")
"""Names of the two channels, two Michelson interferometers 45 deg from each other."""
SAMPLE_SECONDS: Final = 30.0
"""Seconds between two samples of the strain."""
N_SAMPLES: Final = 262_144
"""Samples of a segment, 2^18."""
SEGMENT_SECONDS: Final = N_SAMPLES * SAMPLE_SECONDS
"""Length of a segment in seconds: 91.02 d."""
LOWEST_HZ: Final = 1e-4
"""Frequency below which whitening leaves nothing."""
NYQUIST_HZ: Final = 0.5 / SAMPLE_SECONDS
"""Highest frequency of the strain, 16.67 mHz."""
