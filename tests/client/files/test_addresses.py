from pathlib import Path

import pytest

from amphitrite.errors import BadInput
from amphitrite.files.addresses import check_local
from amphitrite.files.opening import check_readable


@pytest.mark.parametrize(
    "address",
    [
        *("https://host.example/a b.fits?x=1", "s3://bucket/key", "gs://bucket/key"),
        *("http://host.example", "ftp://host.example/x.fits", "file:///tmp/x.fits"),
    ],
)
def test_addresses_are_shown_as_they_were_given(address):
    shown = address.replace("file:///", "file://")  # a path keeps one slash
    for check in (check_local, check_readable):
        with pytest.raises(BadInput) as caught:
            check(Path(address))
        assert str(caught.value).startswith(f"{shown} is an address")


@pytest.mark.parametrize(
    "name", ["a.fits", "C:/data/a.fits", "/data/a:b.fits", "field:/", "a/http:/b"]
)
def test_names_of_files_are_none(name):
    check_local(Path(name))


def test_a_file_may_have_such_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("https:").mkdir()
    Path("https:/x.fits").touch()
    check_local(Path("https:/x.fits"))
