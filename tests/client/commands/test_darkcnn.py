"""The help of the command."""

import re

import numpy as np
import typer

from amphitrite.commands.darkcnn import darkcnn, describe
from amphitrite.surveys.darkcnn.catalogue import COLUMNS, FLAGS
from amphitrite.surveys.darkcnn.interpret.posterior import Posterior
from amphitrite.surveys.darkcnn.page import WARNING
from amphitrite.surveys.darkcnn.run import Result


def result(posterior):
    return Result([1, 2], None, "a.fits", {}, None, posterior, n_files=1, n_sample=0)


def test_the_command_explains_every_flag_and_names_every_column():
    assert all(flag in darkcnn.__doc__ for flag in FLAGS)
    assert all(column.name in darkcnn.__doc__ for column in COLUMNS)


def test_the_help_warns_before_anything_else():
    first, second = re.sub(r"[ \n]+", " ", darkcnn.__doc__).split(".")[:2]
    assert first.startswith("Estimate")
    assert second.strip() == WARNING


def test_the_first_line_of_a_result_is_the_warning():
    likelihood = np.zeros(601)
    likelihood[200] = 99
    sentence, fields = describe(result(Posterior.of(likelihood)))
    first, second = sentence.split("\n")
    assert first == WARNING
    assert second.startswith("0.500 cm2/g (0.499 to 0.501 at 68%, statistical error")
    assert next(iter(fields)) == "warning"


def test_no_estimate_is_said_and_is_no_nan_for_scripts():
    sentence, fields = describe(result(Posterior.unknown()))
    assert sentence.endswith("no estimate from 0 of 2 clusters, in a.fits")
    assert fields["sigma_m"] is None
    assert fields["interval_68"] == [None, None]


def test_the_command_line_can_be_built():
    app = typer.Typer()
    app.command()(darkcnn)
    assert typer.main.get_command(app).name == "darkcnn"
