"""From the statistics of segments to triggers."""
