"""False alarms."""

from amphitrite.surveys.emri.learned import NoiseRun  # noqa: F401
from amphitrite.surveys.emri.page import LEAST_ALARMS  # noqa: F401
