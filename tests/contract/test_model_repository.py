"""Promises that every model in the committed repository keeps."""

from amphitrite.surveys import page
from amphitrite.triton.repository import check_model, model_folders, served_spec
from amphitrite.triton.spec import check_contract


def test_the_committed_model_is_what_the_page_declares(folder, spec):
    check_model(folder)
    check_contract(served=served_spec(folder), expected=spec)


def test_every_committed_model_is_on_a_page(repository, models):
    assert {path.name for path in model_folders(repository)} <= set(models.specs)


def test_no_committed_model_is_still_awaited(repository, models):
    # else its promises would be skipped for ever
    assert not [name for name in models.awaited if (repository / name).exists()]


def test_the_card_is_of_the_committed_weights(survey, repository):
    folder = repository / page(survey).MODEL.name
    card = (folder / "MODEL_CARD.md").read_text()
    assert served_spec(folder).digest in card
    assert "simulated" in card


def test_files_are_small_enough_for_git(repository):
    sizes = [path.stat().st_size for path in repository.rglob("*")]
    assert max(sizes) < 50e6
    assert sum(sizes) < 150e6
