"""What needs no home works without one; what needs one says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from amphitrite import places
from amphitrite.errors import BadInput
from amphitrite.places import cache_directory, user_repository
from amphitrite.triton.repository import find_repository

ROOT = Path(__file__).parents[2]
VARIABLES = (
    *("HOME", "AMPHITRITE_CACHE", "AMPHITRITE_MODEL_REPOSITORY"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"),
    *("ASTROPY_CONFIG_DIR", "MPLCONFIGDIR", "KERAS_HOME"),
)
STRANGER = ("unshare", "-U", "--map-user=4242", "--map-group=4242")
# Where the user's home is none, and how that is said.
BROKEN = {
    "empty": {"HOME": ""},
    "not there": {"HOME": "/nonexistent"},
    "a file": {"HOME": "/etc/passwd"},
    "relative": {"HOME": "home"},
    "no name": {"HOME": "~nobody-of-this-name"},
}
ODD = {
    "relative": {"XDG_CACHE_HOME": "c", "XDG_CONFIG_HOME": "c", "XDG_DATA_HOME": "d"},
    "not there": {"XDG_CACHE_HOME": "/no/c", "XDG_CONFIG_HOME": "/no/c"},
    "files": {"XDG_CACHE_HOME": "/etc/passwd", "XDG_CONFIG_HOME": "/etc/passwd"},
}
# Every library of ours that wants a folder, as a survey or a plot uses it.
LIBRARIES = """
import amphitrite, sys
import astropy.table, astropy.io.fits, astropy_healpix, skimage.measure, finufft
import pandas, pyarrow.parquet
import amphitrite.api
import matplotlib.pyplot
matplotlib.pyplot.figure().savefig("picture.png")
"""


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """An environment without any folder of the user's, and an empty TMPDIR."""
    (tmp_path / "tmp").mkdir()
    kept = {name: text for name, text in os.environ.items() if name not in VARIABLES}
    return {**kept, "TMPDIR": str(tmp_path / "tmp")}


def run(
    words: Sequence[str], environment: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    work = folder / "work"
    work.mkdir(exist_ok=True)
    done = subprocess.run(
        words, cwd=work, env=environment, capture_output=True, text=True, timeout=120
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert not list((folder / "tmp").iterdir()), "something was left behind"
    return done


def amphitrite(*words: str) -> list[str]:
    return [sys.executable, "-m", "amphitrite", *words]


@pytest.fixture(scope="module")
def stranger() -> tuple[str, ...]:
    """A command that runs another as a user without an entry in passwd."""
    if (
        not shutil.which("unshare")
        or subprocess.run([*STRANGER, "true"], capture_output=True).returncode
    ):
        pytest.skip("needs user namespaces (unshare -U)")
    return STRANGER


def test_a_user_without_an_entry_and_without_home(
    stranger: tuple[str, ...], surroundings: dict[str, str], tmp_path: Path
):
    def stranger_s(*words: str) -> subprocess.CompletedProcess[str]:
        return run([*stranger, *amphitrite(*words)], surroundings, tmp_path)

    for words in (("--version",), ("--help",), ("models", "list")):
        done = stranger_s(*words)
        assert (done.returncode, done.stderr) == (0, "")
    done = stranger_s("status", "--server", "127.0.0.1:9")
    assert done.returncode == 3
    assert "nothing listens at port 9" in done.stderr
    done = stranger_s("serve", "--install-only")
    assert done.returncode == 2
    assert "HOME is not set, and the user 4242 has no entry in passwd" in done.stderr
    assert "AMPHITRITE_CACHE" in done.stderr
    done = stranger_s("models", "install", str(ROOT / "model_repository"))
    assert done.returncode == 2
    assert "XDG_DATA_HOME" in done.stderr


def test_libraries_do_not_miss_a_home(
    stranger: tuple[str, ...], surroundings: dict[str, str], tmp_path: Path
):
    python = [sys.executable, "-W", "error", "-c", LIBRARIES]
    done = run([*stranger, *python], surroundings, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["picture.png"]


@pytest.mark.parametrize("broken", [BROKEN["not there"], ODD["relative"]], ids=str)
def test_libraries_do_not_mind_a_broken_home(
    broken: dict[str, str], surroundings: dict[str, str], tmp_path: Path
):
    environment = {**surroundings, "HOME": str(tmp_path), **broken}
    before = set(tmp_path.iterdir())
    python = [sys.executable, "-W", "error", "-c", LIBRARIES]
    done = run(python, environment, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(tmp_path.iterdir()) - before == {tmp_path / "work"}
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["picture.png"]


@pytest.mark.parametrize("broken", [*BROKEN.values(), *ODD.values()], ids=str)
def test_every_library_has_a_place_of_ours(
    broken: dict[str, str], surroundings: dict[str, str], tmp_path: Path
):
    code = (
        "import os, amphitrite\n"
        "for name in ('ASTROPY_CONFIG_DIR', 'MPLCONFIGDIR', 'KERAS_HOME'):\n"
        "    place = os.environ[name]\n"
        "    print(os.path.dirname(place))\n"
        "    open(f'{place}/settings', 'w').close()"
    )
    environment = {**surroundings, "HOME": str(tmp_path), **broken}
    done = run([sys.executable, "-c", code], environment, tmp_path)
    (place,) = set(done.stdout.splitlines())
    assert Path(place).parent == tmp_path / "tmp"


@pytest.mark.training
@pytest.mark.slow
def test_keras_does_not_miss_a_home(surroundings: dict[str, str], tmp_path: Path):
    pytest.importorskip("tensorflow", reason="needs the training extra")
    code = "import os, amphitrite, keras\nprint(os.listdir(os.environ['KERAS_HOME']))"
    environment = {**surroundings, "HOME": "/nonexistent"}
    done = run([sys.executable, "-c", code], environment, tmp_path)
    assert done.stdout == "['keras.json']\n", done.stderr


def test_a_good_home_is_left_alone(surroundings: dict[str, str], tmp_path: Path):
    code = "import os, amphitrite; print(sorted(os.environ))"
    environment = {**surroundings, "HOME": str(tmp_path)}
    shown = run([sys.executable, "-c", code], environment, tmp_path).stdout
    assert "MPLCONFIGDIR" not in shown
    assert "ASTROPY_CONFIG_DIR" not in shown


def test_what_the_user_chose_for_a_library_stays(
    surroundings: dict[str, str], tmp_path: Path
):
    code = "import os, amphitrite; print(os.environ['MPLCONFIGDIR'])"
    environment = {**surroundings, "HOME": "", "MPLCONFIGDIR": "/chosen"}
    done = run([sys.executable, "-c", code], environment, tmp_path)
    assert done.stdout == "/chosen\n"


def test_a_fork_leaves_the_place_to_its_parent(
    surroundings: dict[str, str], tmp_path: Path
):
    code = (
        "import os, sys, amphitrite\n"
        "if not os.fork(): sys.exit()\n"
        "os.wait()\n"
        "print(os.path.isdir(os.environ['MPLCONFIGDIR']))"
    )
    done = run([sys.executable, "-c", code], {**surroundings, "HOME": ""}, tmp_path)
    assert done.stdout == "True\n"


def test_nothing_can_be_written_at_all(surroundings: dict[str, str], tmp_path: Path):
    code = (
        "import tempfile\n"
        "def refuse(**_): raise FileNotFoundError('no usable temporary directory')\n"
        "tempfile.mkdtemp = refuse\n"
        "import amphitrite, astropy.table\n"
    )
    done = run(
        [sys.executable, "-W", "error", "-c", code],
        {**surroundings, "HOME": "/nonexistent"},
        tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("broken", BROKEN.values(), ids=str)
def test_what_needs_a_home_names_what_to_set(
    broken: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, text in broken.items():
        monkeypatch.setenv(name, text)
    with pytest.raises(BadInput, match=r"HOME.*AMPHITRITE_CACHE"):
        cache_directory()
    with pytest.raises(BadInput, match=r"HOME.*XDG_DATA_HOME"):
        user_repository()
    assert find_repository() == ROOT / "model_repository"
    monkeypatch.setattr("amphitrite.places.checkout_repository", lambda: None)
    with pytest.raises(BadInput, match=r"(?s)data folder: HOME.*--model-repository"):
        find_repository()


@pytest.mark.parametrize(
    ("variable", "function"),
    [("XDG_CACHE_HOME", cache_directory), ("XDG_DATA_HOME", user_repository)],
)
def test_a_relative_folder_is_refused(
    variable: str, function: object, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("AMPHITRITE_CACHE", raising=False)
    monkeypatch.setenv(variable, "somewhere")
    assert callable(function)
    with pytest.raises(
        BadInput, match=f"{variable} is 'somewhere', which is a relative path"
    ):
        function()


def test_a_home_that_is_not_known_is_refused():
    with pytest.raises(BadInput, match="AMPHITRITE_CACHE is '~no-such-user/x'"):
        places.expanded("~no-such-user/x", "AMPHITRITE_CACHE")


def test_a_home_that_may_not_be_written_to(
    surroundings: dict[str, str], tmp_path: Path, stranger: tuple[str, ...]
):
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    environment = {**surroundings, "HOME": str(home)}
    if os.geteuid() == 0:  # root may write anywhere, but not without its powers
        prefix = [*stranger]
    else:
        prefix = []
    python = [sys.executable, "-W", "error", "-c", LIBRARIES]
    done = run([*prefix, *python], environment, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    done = run([*prefix, *amphitrite("serve", "--install-only")], environment, tmp_path)
    assert done.returncode == 3
    assert "AMPHITRITE_CACHE" in done.stderr
    assert not list(home.iterdir())


def test_the_cache_is_where_the_user_wants_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AMPHITRITE_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_directory() == tmp_path / ".cache" / "amphitrite"
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_directory() == Path("/xdg/amphitrite")
    monkeypatch.setenv("AMPHITRITE_CACHE", "~/own")
    assert cache_directory() == tmp_path / "own"


def test_the_source_tree_is_where_pyproject_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert places.checkout_repository() == ROOT.resolve() / "model_repository"
    installed = tmp_path / "lib" / "site-packages" / "amphitrite" / "repository.py"
    monkeypatch.setattr(places, "__file__", str(installed))
    assert places.checkout_repository() is None
