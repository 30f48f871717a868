"""What a survey publishes beside its plain models."""
