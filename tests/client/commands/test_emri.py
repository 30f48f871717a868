"""The help of the command."""

from amphitrite.commands.emri import emri
from amphitrite.surveys.emri.catalogue import COLUMNS, FLAGS


def test_the_command_explains_every_flag_and_names_every_column():
    assert all(flag in emri.__doc__ for flag in FLAGS)
    assert all(column.name in emri.__doc__ for column in COLUMNS)
