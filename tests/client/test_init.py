"""The names that stay, whatever moves behind them."""

import amphitrite
import amphitrite.errors
from amphitrite import api
from amphitrite.engine.control import Control, Limits
from amphitrite.engine.shards import Shard
from amphitrite.surveys import SURVEYS
from amphitrite.triton.connection import Connection


def test_the_public_names_are_these():
    classes = ["Connection", "Control", "Limits", "Shard"]
    names = [*classes, "__version__", "connect", "merge", "run"]
    assert amphitrite.__all__ == names
    assert all(hasattr(amphitrite, name) for name in names)
    assert (amphitrite.Connection, amphitrite.Control) == (Connection, Control)
    assert (amphitrite.Limits, amphitrite.Shard) == (Limits, Shard)
    assert (amphitrite.connect, amphitrite.merge) == (api.connect, api.merge)
    assert not hasattr(amphitrite, "survey")


def test_the_surveys_and_the_errors_are_these():
    assert SURVEYS == ("asid", "calnet", "darkcnn", "emri", "morpheus")
    errors = {name for name in vars(amphitrite.errors) if name[0].isupper()}
    assert errors >= {"AmphitriteError", "BadInput", "OutputError", "ServerError"}
