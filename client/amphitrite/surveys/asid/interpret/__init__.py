"""From the networks' answers to detections, sources and counterparts."""
