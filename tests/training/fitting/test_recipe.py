from __future__ import annotations

import doctest

import pytest

from amphitrite.errors import BadInput
from amphitrite_training.fitting import recipe as module
from amphitrite_training.fitting.recipe import Training, override
from amphitrite_training.surveys.morpheus.recipe import Recipe


def test_values_are_read_with_their_types():
    changed = override(
        Recipe(), ["epochs=3", "dropout=0", "learning_rate=1e-3", "down_filters=4, 8"]
    )
    assert (changed.epochs, changed.learning_rate) == (3, 1e-3)
    assert changed.dropout == 0.0
    assert isinstance(changed.dropout, float)
    assert changed.down_filters == (4, 8)
    assert changed.up_filters == Recipe().up_filters


def test_a_recipe_is_left_as_it_was():
    recipe = Recipe()
    override(recipe, ["epochs=3"])
    assert recipe == Recipe()


def test_an_unknown_key_lists_the_known_ones():
    with pytest.raises(BadInput, match=r"no setting 'epoch'; it has: down_filters, .*"):
        override(Recipe(), ["epoch=3"])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("epochs", "'epochs' is no setting; expected key=value, such as down_filters="),
        ("epochs=2.5", "'epochs' takes a value of type int; received '2.5'"),
        ("epochs=True", "'epochs' takes a value of type int; received 'True'"),
        ("epochs=", "'epochs' takes a value of type int; received ''"),
        ("dropout=half", "'dropout' takes a value of type float; received 'half'"),
        ("up_filters=8,x", r"'up_filters' takes a value of type tuple\[int, \.\.\.\]"),
    ],
)
def test_an_unusable_value_is_refused(setting, message):
    with pytest.raises(BadInput, match=message):
        override(Recipe(), [setting])


def test_the_example_in_the_docstring_runs():
    outcome = doctest.testmod(module)
    assert outcome.attempted
    assert not outcome.failed


def test_text_is_read_without_quotes():
    changed = override(Training(), ["schedule=plateau", "keep=last", "clip_norm=2"])
    assert (changed.schedule, changed.keep, changed.clip_norm) == ("plateau", "last", 2)


def test_a_choice_lists_what_there_is():
    with pytest.raises(BadInput, match="'keep' takes one of best, last; received 'wor"):
        override(Training(), ["keep=worst"])


@pytest.mark.parametrize("name", ["batch_size", "epochs", "learning_rate", "clip_norm"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_what_must_be_positive_is(name, value):
    with pytest.raises(BadInput, match=f"recipe's {name} must be positive; received"):
        Training(**{name: value})
