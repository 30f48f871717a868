"""Train the surveys' networks: Keras 3 models, simulators and data readers."""
