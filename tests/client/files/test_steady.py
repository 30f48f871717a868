"""Files that change under the reader are noticed, whatever their times say."""

import os
import shutil

import pytest

from amphitrite.errors import BadInput
from amphitrite.files.steady import Steady


def rewrite(path):
    stat = path.stat()
    path.write_text("B")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def replace(path):
    other = path.with_name("other")
    other.write_text("B")
    shutil.copystat(path, other)
    other.replace(path)


@pytest.mark.parametrize("change", [rewrite, replace, lambda path: path.unlink()])
def test_a_changed_file_is_named(tmp_path, change):
    paths = [tmp_path / "a.fits", tmp_path / "b.fits"]
    for path in paths:
        path.write_text("A")
    steady = Steady([*paths, tmp_path / "none"])
    steady.check()
    for path in paths:
        path.read_text()
    steady.check()
    change(paths[1])
    with pytest.raises(BadInput, match=r"b\.fits was changed or replaced while it was"):
        steady.check()
