"""Files of simulated clusters are read as a user's are, and say what they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.votable.ucd import check_ucd
from astropy.table import QTable

from amphitrite.errors import OutputError
from amphitrite.files import catalogues
from amphitrite.surveys.darkcnn.prepare import fits_maps, npz_maps
from amphitrite.surveys.darkcnn.prepare.reading import Reading
from amphitrite_training.surveys.darkcnn.simulate import files
from amphitrite_training.surveys.darkcnn.simulate.observer import dimming


@pytest.fixture(scope="module")
def written(mapped, tmp_path_factory):
    truth, three = mapped[3][1]
    path = tmp_path_factory.mktemp("files") / "cluster.fits"
    files.write_cluster(path, "simulated 1", truth, three)
    return path, truth, three


def test_the_client_reads_what_was_simulated(written):
    path, truth, three = written
    found = fits_maps.read(path, Reading()).cluster(0)
    assert found.name == "simulated 1"
    assert found.unit == "Msun/kpc2"
    assert found.redshift == truth.redshift
    assert found.pixel_kpc == pytest.approx((20, 20), rel=1e-6)
    assert found.attributes == {
        "log_m200": truth.log_m200,
        "xray_concentration": truth.xray_concentration,
        "bcg_ellipticity": truth.bcg_ellipticity,
    }
    np.testing.assert_array_equal(found.maps["total"], three[0])
    np.testing.assert_array_equal(found.maps["stars"], three[2])
    np.testing.assert_allclose(
        found.maps["xray"], three[1] * dimming(truth.redshift), rtol=1e-6
    )


def test_a_file_says_what_it_is_and_not_what_is_sought(written):
    path, truth, _ = written
    with fits.open(path) as hdus:
        hdus.verify("exception")
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "TOTAL", "XRAY", "STARS"]
        header = hdus[0].header
        assert header["SIMULATE"] is True
        assert header["OBJECT"].startswith("simulated")
        cards = {card.value for hdu in hdus for card in hdu.header.cards}
        assert hdus["XRAY"].header["BUNIT"] == "erg/(s cm2 arcmin2)"
    assert truth.cross_section not in cards
    assert truth.offset_kpc not in cards


def test_a_file_is_replaced(written, mapped, tmp_path):
    for truth, three in mapped[2][:2]:
        files.write_cluster(tmp_path / "one.fits", "one", truth, three)
    np.testing.assert_array_equal(
        fits.getdata(tmp_path / "one.fits", "TOTAL"), mapped[2][1][1][0]
    )


def test_refuses_a_missing_folder_and_redshift_0(written, tmp_path):
    _, truth, three = written
    with pytest.raises(OutputError, match=r"no-such.*give an existing folder"):
        files.write_cluster(tmp_path / "no-such" / "one.fits", "one", truth, three)
    here = replace(truth, redshift=0.0)
    with pytest.raises(ValueError, match="redshift 0: no angular size"):
        files.write_cluster(tmp_path / "one.fits", "one", here, three)


def test_the_table_of_the_truth(mapped, tmp_path):
    truths = [truth for each in mapped for truth, _ in each]
    names = [f"simulated {number}" for number in range(120)]
    table = files.truth_table(names, truths)
    catalogues.write(table, tmp_path / "truth.fits")
    found = QTable.read(tmp_path / "truth.fits")
    assert len(found) == 120
    np.testing.assert_array_equal(
        found["sigma_m"].to_value("cm2 / g"), [truth.cross_section for truth in truths]
    )
    assert list(found["cluster_id"]) == names
    np.testing.assert_array_equal(found["group"], [truth.number for truth in truths])
    assert found["age"].unit == "Gyr"
    assert found["core_radius"].unit == "kpc"
    assert found.meta["OBJECT"].startswith("SIMULATED")
    for column in files.TRUTH:
        assert not column.ucd or check_ucd(column.ucd, check_controlled_vocabulary=True)


@pytest.mark.parametrize("channels_first", [False, True])
def test_an_archive_is_read_as_a_users(mapped, tmp_path, channels_first):
    some = [one for each in mapped[:2] for one in each]
    path = tmp_path / "maps.npz"
    files.write_archive(
        path,
        [truth for truth, _ in some],
        [three for _, three in some],
        channels_first=channels_first,
        snapshot=np.arange(8),
    )
    source = npz_maps.read(path, Reading())
    assert source.n == 8
    truth, three = some[5]
    found = source.cluster(5)
    assert found.name == str(truth.number)
    assert (found.unit, found.pixel_kpc) == ("Msun/kpc2", (20, 20))
    assert found.redshift == truth.redshift
    for number, channel in enumerate(("total", "xray", "stars")):
        np.testing.assert_array_equal(found.maps[channel], three[number])
    assert found.attributes["log_m200"] == pytest.approx(truth.log_m200)
    said = found.others
    assert (said["sigma"], said["sigma_unit"]) == (truth.cross_section, "cm2/g")
    assert (said["id"], said["snapshot"]) == (truth.number, 5)
    assert said["note"].startswith("SIMULATED")


def test_an_array_is_left_out_of_an_archive(mapped, tmp_path):
    truth, three = mapped[0][0]
    files.write_archive(tmp_path / "a.npz", [truth], [three], unit=None)
    with np.load(tmp_path / "a.npz") as found:
        assert "unit" not in found
    with pytest.raises(OutputError, match=r"no-such.*give an existing folder"):
        files.write_archive(tmp_path / "no-such" / "a.npz", [truth], [three])
