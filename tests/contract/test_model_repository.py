"""Promises that every model in the committed repository keeps."""

import pytest

from amphitrite.repository import check_model, checkout_repository, served_spec
from amphitrite.spec import check_contract
from amphitrite.surveys import SURVEYS, page

REPOSITORY = checkout_repository()
assert REPOSITORY is not None

pytestmark = pytest.mark.parametrize("survey", SURVEYS)


def test_the_committed_model_is_what_the_page_declares(survey):
    folder = REPOSITORY / page(survey).MODEL.name
    check_model(folder)
    check_contract(served=served_spec(folder), expected=page(survey).MODEL)


def test_the_card_is_of_the_committed_weights(survey):
    folder = REPOSITORY / page(survey).MODEL.name
    card = (folder / "MODEL_CARD.md").read_text()
    assert served_spec(folder).digest in card
    assert "simulated" in card


def test_files_are_small_enough_for_git(survey):
    for path in (REPOSITORY / page(survey).MODEL.name).rglob("*"):
        assert path.stat().st_size < 50e6, path
