"""Cards of provenance."""

from astropy.io import fits

from amphitrite.files.cards import provenance_cards


def test_provenance_cards():
    header = provenance_cards(
        {
            "command": "amphitrite morpheus " + "long " * 40,
            "version": "1.0",
            "n": 3,
            "input V": "café.fits\nend",
        }
    )
    fits.PrimaryHDU(header=header).verify("exception")
    assert header["COMMAND"].split() == ["amphitrite", "morpheus", *["long"] * 40]
    assert header["N"] == 3
    assert list(header["HISTORY"]) == [r"input V: caf\xe9.fits\nend"]
