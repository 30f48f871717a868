"""The help of the command."""

from amphitrite.commands.calnet import calnet
from amphitrite.surveys.calnet.catalogue import FLAGS


def test_the_command_explains_every_flag():
    assert all(flag in calnet.__doc__ for flag in FLAGS)
