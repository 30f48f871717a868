"""What is chosen for the user is said once, and kept for the products."""

import logging

from amphitrite.files.choices import Choices


def test_a_choice_is_said_once_and_kept(caplog):
    choices = Choices()
    with caplog.at_level(logging.WARNING, logger="amphitrite"):
        for sentence in ("SCI is read", "swapped bands", "SCI is read"):
            choices.say(sentence)
    assert caplog.messages == ["SCI is read", "swapped bands"]
    assert choices.cards == {"CHOICE1": "SCI is read", "CHOICE2": "swapped bands"}


def test_no_choice_leaves_no_card():
    assert Choices().cards == {}
