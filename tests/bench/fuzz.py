"""Whether damaged files are refused by name, and never end in a traceback or a hang.

Simulates valid files of every survey, changes each copy by a rule drawn from a fixed
seed, and puts it through reading and preparation, without a server::

    python tests/bench/fuzz.py --n 10000

Cards are dropped, doubled and given other values; columns are renamed; bytes are
flipped; files are cut, stretched and shifted; NaN, infinities and huge numbers are put
among the data.  A file may be read or refused; it may not raise anything but an error
of amphitrite's own, take longer than ten seconds, or leave anything in the output's
folder.  Prints a table, and exits with 1 if anything else happens; a case is repeated
with ``--survey calnet --first 123 --n 1``.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table

from amphitrite.errors import AmphitriteError, ServerUnreachable
from amphitrite.files.choices import Choices
from amphitrite.files.steady import Steady
from amphitrite.surveys import SURVEYS
from amphitrite.surveys.asid import run as asid_run
from amphitrite.surveys.asid.options import Options as AsidOptions
from amphitrite.surveys.calnet import work as calnet_work
from amphitrite.surveys.darkcnn import run as darkcnn_run
from amphitrite.surveys.darkcnn.options import Options as DarkcnnOptions
from amphitrite.surveys.darkcnn.prepare.inputs import clusters as clusters_of
from amphitrite.surveys.emri import run as emri_run
from amphitrite.surveys.emri.options import Options as EmriOptions
from amphitrite.surveys.emri.sampling import N_SAMPLES
from amphitrite.surveys.morpheus import run as morpheus_run
from amphitrite.surveys.morpheus import work as morpheus_work
from amphitrite.surveys.morpheus.options import Options as MorpheusOptions
from amphitrite.surveys.morpheus.prepare.inputs import named_hdus, open_bands
from amphitrite.surveys.morpheus.prepare.windows import strips
from amphitrite.surveys.morpheus.work import StripOfBands
from amphitrite_training.surveys.asid.simulate.exposures import write_exposure
from amphitrite_training.surveys.asid.simulate.files import (
    write_events,
    write_healpix_cube,
    write_wcs_cube,
)
from amphitrite_training.surveys.asid.simulate.photons import Region, draw_events
from amphitrite_training.surveys.asid.simulate.sky import make_sky
from amphitrite_training.surveys.calnet.simulate.files import write_star
from amphitrite_training.surveys.calnet.simulate.stars import draw_star
from amphitrite_training.surveys.darkcnn.simulate.files import (
    write_archive,
    write_cluster,
)
from amphitrite_training.surveys.darkcnn.simulate.maps import maps
from amphitrite_training.surveys.darkcnn.simulate.population import draw
from amphitrite_training.surveys.emri.simulate.files import write_stream
from amphitrite_training.surveys.emri.simulate.streams import stream
from amphitrite_training.surveys.morpheus.simulate.field import render_field
from amphitrite_training.surveys.morpheus.simulate.files import write_field

SEED = 7
LIMIT_SECONDS = 10
MEMORY_BYTES = 8 << 30
FAULTS = ("traceback", "hang", "partial output")
OUTCOMES = ("read", "refused", *FAULTS)
CARD, BLOCK = 80, 2880
VALUES = (
    *("T", "'text'", "''", "", "NaN", "-1", "0", "1", "1E300", "-1E300", "99999999"),
    *("2147483648", "'9'", "1.5", "(1.0, 2.0)", "'BINTABLE'", "'IMAGE   '", "/ only"),
)
NUMBERS = np.array(
    [np.nan, np.inf, -np.inf, 1e300, -1e300, 0, -1, 1e-300], ">f8"
).tobytes()


class Hang(BaseException):
    """A file took longer than `LIMIT_SECONDS`."""


class Left(Exception):
    """Something was left in the output's folder."""


# -- changes of files ----------------------------------------------------------------


def cards(data: bytes) -> list[int]:
    """Return the places of all header cards of a FITS file, END cards left out."""
    found, at, inside = [], 0, True
    while at + BLOCK <= len(data):
        if not inside:
            inside = data[at : at + 9] == b"XTENSION="
        if inside:
            for place in range(at, at + BLOCK, CARD):
                name = data[place : place + 8].rstrip()
                if name == b"END":
                    inside = False
                    break
                if name:
                    found.append(place)
        at += BLOCK
    return found


def drop_card(data: bytearray, rng: np.random.Generator) -> None:
    """Blank one card."""
    place = rng.choice(cards(data))
    data[place : place + CARD] = b" " * CARD


def double_card(data: bytearray, rng: np.random.Generator) -> None:
    """Write one card over another."""
    one, other = rng.choice(cards(data), 2)
    data[other : other + CARD] = data[one : one + CARD]


def retype_card(data: bytearray, rng: np.random.Generator) -> None:
    """Give a card a value of another kind."""
    place = rng.choice(cards(data))
    name = data[place : place + 8]
    text = name.decode("ascii", "replace") + "= " + str(rng.choice(VALUES))
    data[place : place + CARD] = text.ljust(CARD).encode("ascii", "replace")[:CARD]


def rename_column(data: bytearray, rng: np.random.Generator) -> None:
    """Give a column another name; a card where there is no column."""
    named = [p for p in cards(data) if data[p : p + 5] == b"TTYPE"]
    if not named:
        return retype_card(data, rng)
    place = rng.choice(named)
    name = str(rng.choice(["X", "time", "TIME", "FLUX", "ENERGY", "", "é", "RA"]))
    text = data[place : place + 10].decode("ascii", "replace") + f"'{name:8}'"
    data[place : place + CARD] = text.ljust(CARD).encode("latin-1")[:CARD]
    return None


def flip_bits(data: bytearray, rng: np.random.Generator) -> None:
    """Flip some bits, in the first header mostly."""
    end = len(data) if rng.random() < 0.5 else min(len(data), 4 * BLOCK)
    for place in rng.integers(0, end, rng.integers(1, 9)):
        data[place] ^= 1 << rng.integers(8)


def cut(data: bytearray, rng: np.random.Generator) -> None:
    """Cut the file off."""
    del data[rng.integers(len(data)) :]


def stretch(data: bytearray, rng: np.random.Generator) -> None:
    """Put bytes in somewhere, so that all that follows is shifted."""
    place = rng.integers(len(data))
    data[place:place] = bytes(rng.integers(1, 2 * BLOCK))


def put_numbers(data: bytearray, rng: np.random.Generator) -> None:
    """Put NaN, infinities and huge numbers among the data."""
    last = max([0, *cards(data)])
    for _ in range(rng.integers(1, 200)):
        place = int(rng.integers(last, len(data))) // 4 * 4
        at = 8 * rng.integers(len(NUMBERS) // 8)
        data[place : place + 8] = NUMBERS[at : at + 8]


Change = Callable[[bytearray, np.random.Generator], None]
OF_BYTES: tuple[Change, ...] = (flip_bits, cut, stretch, put_numbers)
"""Changes of any file."""
CHANGES: tuple[Change, ...] = (
    *(drop_card, double_card, retype_card, rename_column),
    *OF_BYTES,
)


def changed(data: bytes, rng: np.random.Generator) -> tuple[str, bytes]:
    """Return the names of one to three changes, and the file with them."""
    made, content = [], bytearray(data)
    for _ in range(rng.integers(1, 4)):
        if len(content) <= BLOCK:
            break
        changes = CHANGES if cards(content) else OF_BYTES
        change = changes[rng.integers(len(changes))]
        change(content, rng)
        made.append(change.__name__)
    return " ".join(made), bytes(content)


# -- the surveys ---------------------------------------------------------------------


def asid_inputs(folder: Path) -> None:
    """Write a list of photons, two counts cubes, an exposure map and a catalogue."""
    sky, region = make_sky(SEED), Region(lon=70.0, lat=40.0, radius=3.0)
    photons = draw_events(sky, np.random.default_rng(SEED), region)
    write_events(photons, folder / "events", years=1, region=region, seed=SEED)
    edges = (300.0, 1000.0, 2000.0, 7000.0)
    grid = {"centre": (70.0, 40.0), "shape": (30, 30), "pixel": (0.2, 0.2)}
    write_wcs_cube(photons, folder / "image cube", edges=edges, **grid)
    write_healpix_cube(photons, folder / "map cube", edges=edges, nside=16)
    write_exposure(folder / "exposure", years=1, nside=4)
    columns = {
        "Source_Name": np.array(["4FGL A", "4FGL B"]),
        "RAJ2000": [200.0, 210.0],
        "DEJ2000": [40.0, 41.0],
        "Conf_95_SemiMajor": [0.1, 0.2],
        "CLASS1": np.array(["fsrq", "bll"]),
    }
    Table(columns).write(folder / "catalogue", format="fits")


def calnet_inputs(folder: Path) -> None:
    """Write the light curves of a binary and of another star."""
    for seed in (0, 1):
        star = draw_star(seed, tmag=10.0)
        write_star(star, folder).rename(folder / f"star {seed}")


def darkcnn_inputs(folder: Path) -> None:
    """Write the maps of a cluster as FITS images, an archive and a database."""
    ((truth, three),) = maps(draw(SEED), [0.1])
    write_cluster(folder / "images", "a cluster", truth, three)
    write_archive(folder / "archive", [truth], [three])
    params = {"redshift": np.array([truth.redshift]), "id": np.array([truth.number])}
    stack = np.moveaxis(three, 0, -1)[None].astype(np.float32)
    (folder / "database.pkl").write_bytes(pickle.dumps((params, stack)))


def emri_inputs(folder: Path) -> None:
    """Write a segment of strain as a FITS table, as HDF5 and as an archive."""
    strain = stream(N_SAMPLES + 1000, seed=SEED)
    time = 30.0 * np.arange(strain.shape[1])
    columns = {"t": time, "I": strain[0], "II": strain[1]}
    Table(columns).write(folder / "table", format="fits")
    write_stream(folder / "datasets", strain, 0.0)
    with (folder / "archive").open("wb") as file:
        np.savez(file, **columns)


def morpheus_inputs(folder: Path) -> None:
    """Write the four bands of a small field."""
    write_field(render_field(SEED, shape=(64, 64)), folder)
    (folder / "truth.fits").unlink()


def read_asid(folder: Path, which: str) -> None:
    """Read everything that a run of asid reads before it connects."""
    photons = "events" if which in ("exposure", "catalogue") else which
    options = AsidOptions(exposure=folder / "exposure", associate=folder / "catalogue")
    with _no_partial_output(folder) as out:
        asid_run.run([folder / photons], _no_server(), out / "c.fits", options)


def read_calnet(folder: Path, which: str) -> None:
    """Read and prepare a light curve."""
    work = calnet_work.prepare(folder / which, interpolation="pchip", batch=64)
    for _ in work.requests():
        pass


def read_darkcnn(folder: Path, which: str) -> None:
    """Read and prepare a cluster, and all that is done before a run connects."""
    options = DarkcnnOptions(unit="Msun/kpc2", pixel_kpc=20.0)
    with _no_partial_output(folder) as out:
        darkcnn_run.run([folder / which], _no_server(), out / "c.fits", options)
    for _ in clusters_of([folder / which], options.reading):
        pass


def read_emri(folder: Path, which: str) -> None:
    """Read and check strain, all that is done before a run connects."""
    with _no_partial_output(folder) as out:
        emri_run.run([folder / which], _no_server(), out / "t.fits", EmriOptions())


def read_morpheus(folder: Path, which: str) -> None:
    """Open the bands, and cut all windows."""
    bands = [folder / f"{band}.fits" for band in "hjvz"]
    with _no_partial_output(folder) as out:
        morpheus_run.run(bands, _no_server(), out / "result", MorpheusOptions())
    with open_bands(named_hdus(bands, None), Choices()) as images:
        ny, _ = images["H"].shape
        for strip in strips(ny, stride=3, height=ny):
            payload = StripOfBands(images, strip, 3, Steady(bands))
            for _ in morpheus_work.prepare(payload, batch=64).requests():
                pass


INPUTS = {
    "asid": asid_inputs,
    "calnet": calnet_inputs,
    "darkcnn": darkcnn_inputs,
    "emri": emri_inputs,
    "morpheus": morpheus_inputs,
}
READERS = {
    "asid": read_asid,
    "calnet": read_calnet,
    "darkcnn": read_darkcnn,
    "emri": read_emri,
    "morpheus": read_morpheus,
}


@contextmanager
def _no_server() -> Iterator[Any]:
    """Refuse to connect: everything before it has been done by then."""
    raise ServerUnreachable("the file was read")
    yield


@contextmanager
def _no_partial_output(folder: Path) -> Iterator[Path]:
    """Yield a folder in which nothing may be left, whatever happens."""
    out = folder / "out"
    out.mkdir()
    try:
        yield out
    except ServerUnreachable:
        pass
    finally:
        if left := list(out.iterdir()):
            raise Left(f"left behind: {left}")
        out.rmdir()


# -- cases ---------------------------------------------------------------------------


def case(number: int, *, survey: str, source: Mapping[str, bytes]) -> tuple[str, str]:
    """Return what became of one case: ``read``, ``refused`` or a fault, and details."""
    rng = np.random.default_rng([SEED, SURVEYS.index(survey), number])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        which = str(rng.choice(sorted(source)))
        for name, data in source.items():
            (folder / name).write_bytes(data)
        how, data = changed(source[which], rng)
        (folder / which).write_bytes(data)
        about = f"{survey} {number}: {which} with {how}"
        signal.signal(signal.SIGALRM, _hang)
        signal.setitimer(signal.ITIMER_REAL, LIMIT_SECONDS)
        try:
            READERS[survey](folder, which)
        except AmphitriteError as error:
            return "refused", f"{about}: {error}"
        except Hang:
            return "hang", about
        except Left as error:
            return "partial output", f"{about}: {error}"
        except BaseException:
            return "traceback", f"{about}\n{traceback.format_exc()}"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    return "read", about


def _hang(*_: object) -> None:
    raise Hang


def sources(survey: str) -> dict[str, bytes]:
    """Return a survey's valid files by name."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        INPUTS[survey](folder)
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def outcomes(
    survey: str, numbers: range, n_processes: int
) -> Iterator[tuple[str, str]]:
    """Yield what became of each case, in their order."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(n_processes, _prepare) as pool:
        job = partial(case, survey=survey, source=sources(survey))
        yield from pool.imap(job, numbers, chunksize=8)


def _prepare() -> None:
    """Keep warnings to themselves, and memory within a bound."""
    import resource

    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def main() -> int:
    """Run the cases, print what became of them, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=10_000, help="cases of each survey")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--survey", choices=SURVEYS, action="append")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true", help="counts for a script")
    parser.add_argument("--show", type=int, default=5, help="faults shown in full")
    chosen = parser.parse_args()
    numbers = range(chosen.first, chosen.first + chosen.n)
    counts = {}
    for survey in chosen.survey or SURVEYS:
        counts[survey] = Counter[str]()
        for outcome, details in outcomes(survey, numbers, chosen.workers):
            counts[survey][outcome] += 1
            n_faults = sum(counts[survey][fault] for fault in FAULTS)
            if outcome in FAULTS and n_faults <= chosen.show:
                print(f"{outcome}: {details}", file=sys.stderr)
    if chosen.json:
        print(json.dumps(counts))
    else:
        print(f"{'survey':10}" + "".join(f"{name:>16}" for name in OUTCOMES))
        for survey, found in counts.items():
            print(f"{survey:10}" + "".join(f"{found[name]:16,}" for name in OUTCOMES))
    return int(any(found[fault] for found in counts.values() for fault in FAULTS))


if __name__ == "__main__":
    sys.exit(main())
