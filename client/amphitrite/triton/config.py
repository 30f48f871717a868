"""Triton's model configurations, ``config.pbtxt``."""

from __future__ import annotations

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2
from tritonclient.grpc.model_config_pb2 import ModelConfig as ModelConfig

from amphitrite import errors


def parse_config(text: str, *, source: str = "config.pbtxt") -> ModelConfig:
    """Return the configuration that the text of a ``config.pbtxt`` describes.

    Parameters
    ----------
    text : str
        The text.
    source : str
        The file, for the message.

    Raises
    ------
    BadInput
        The text does not follow Triton's ``ModelConfig`` message.
    """
    try:
        return text_format.Parse(text, model_config_pb2.ModelConfig())
    except text_format.ParseError as error:
        raise errors.BadInput(
            f"{source} is no Triton model configuration: {error}"
        ) from error


def format_config(config: ModelConfig) -> str:
    """Return the text of a ``config.pbtxt``, the inverse of `parse_config`."""
    return str(text_format.MessageToString(config))
