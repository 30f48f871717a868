"""Model repositories: versions, generations and configurations."""
