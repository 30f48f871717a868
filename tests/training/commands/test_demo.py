"""The demo's options and what it counts; a real run of it is among tests/serving."""

from __future__ import annotations

import numpy as np
import pytest
import typer
from astropy import units as u
from astropy.table import QTable
from typer.testing import CliRunner

from amphitrite.errors import BadInput, OutputError
from amphitrite.files import folders
from amphitrite_training.commands.demo import demo, make_folder
from amphitrite_training.surveys.asid import demo as asid
from amphitrite_training.surveys.morpheus import demo as morpheus

PER_AREA = u.Unit("cm-2 s-1")


def call(*arguments):
    application = typer.Typer()
    application.command()(demo)
    outcome = CliRunner().invoke(application, [str(each) for each in arguments])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome


def test_an_existing_folder_is_refused(tmp_path):
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(OutputError, match="exists already; give another --out, or"):
        call("--out", tmp_path)
    assert (tmp_path / "mine").read_text() == "kept"


def test_a_folder_of_somebody_else_is_not_overwritten(tmp_path):
    for name in ("mine", "truth.fits"):
        (tmp_path / name).write_text("kept")
    with pytest.raises(OutputError, match="is not a folder that amphitrite made"):
        call("--out", tmp_path, "--overwrite")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(OutputError, match="is a link to"):
        call("--out", tmp_path / "link", "--overwrite")
    assert (tmp_path / "truth.fits").read_text() == "kept"


def test_a_demos_folder_is_known_by_its_marker(tmp_path):
    make_folder(tmp_path / "deep" / "new", overwrite=False)
    assert folders.is_ours(tmp_path / "deep" / "new")
    make_folder(tmp_path / "deep" / "new", overwrite=True)


def test_an_unknown_survey_is_refused(tmp_path):
    with pytest.raises(BadInput, match="neptune"):
        call("neptune", "--out", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_help_names_every_demo():
    shown = " ".join(call("--help").output.split())
    assert all(survey in shown for survey in ("asid", "calnet", "morpheus"))
    assert "amphitrite demo morpheus" in shown


def places(*rows, **more):
    lon, lat = np.array(rows, float).reshape(-1, 2).T
    return QTable({"l": lon, "b": lat, **more}, units={"l": "deg", "b": "deg"})


def known(*rows):
    flux = np.array([row[2] for row in rows])
    return places(*(row[:2] for row in rows), flux1000=flux * PER_AREA)


def found(*rows, flux, r95):
    flux, r95 = np.array(flux) * PER_AREA, np.array(r95) * u.deg
    return places(*rows, flux1000=flux, r95=r95)


def test_gamma_ray_sources_are_counted_one_to_one():
    truth = known(
        (70, 40, 5e-9),
        (71, 40, 5e-10),
        (72, 40, 1e-10),
        (73, 40, 4e-11),
        (74, 40, 2e-9),
        (76, 40, 1e-9),
    )
    table = found(
        *((70, 40.1), (70, 40.2), (71, 40), (73, 40), (80, 45), (76, 40.2)),
        flux=[6e-9, 1e-9, 1e-9, 1e-9, 1e-9, 0.9e-9],
        r95=[0.11, 0.3, 0.1, 0.1, 0.1, 0.19],
    )
    assert asid.compare(table, truth) == {
        "sources": 6,
        "true": 3,  # a duplicate, one too faint to count and one of nothing are false
        "within_r95": 2,
        "flux_ratio": pytest.approx((1.2 + 0.9) / 2),  # of the bright ones
        "bright": 3,
        "bright_found": 2,
        "faint": 4,
        "faint_found": 3,
    }


def test_no_gamma_ray_source_at_all_is_counted():
    counted = asid.compare(found(flux=[], r95=[]), known((70, 40, 5e-9)))
    assert counted["sources"] == counted["true"] == counted["bright_found"] == 0
    assert counted["bright"] == 1
    assert counted["flux_ratio"] is None
    assert (asid._percent(0, 0), asid._ratio(None)) == ("none", "no part")


def test_galaxies_are_counted_one_to_one():
    truth = QTable(
        {
            "x": [10.0, 12.0, 50.0, 80.0],
            "y": [10.0, 10.0, 50.0, 80.0],
            "mag_h": [22.0, 21.0, 23.0, 25.0],
            "morphology": ["disk", "spheroid", "disk", "disk"],
        }
    )
    found = QTable(
        {
            "x": [11.9, 50.0, 80.0],
            "y": [10.0, 53.0, 80.0],
            "morphology": ["spheroid", "irregular", "disk"],
        }
    )
    # the brightest chooses first; the faintest is fainter than what counts
    assert morpheus.compare(found, truth) == {
        "sources": 3,
        "bright": 3,
        "recovered": 2,
        "same_class": 1,
    }
