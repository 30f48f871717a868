"""A search in shards, without a server: the same catalogue as in one run."""

from __future__ import annotations

import random
import shutil
from contextlib import nullcontext

import numpy as np
import pytest
from answering import Answering
from astropy.io import fits

from amphitrite import api
from amphitrite.engine.control import Control
from amphitrite.engine.shards import Shard
from amphitrite.errors import BadInput
from amphitrite.surveys.calnet.options import Options
from amphitrite.surveys.calnet.prepare.placing import star_key
from amphitrite.surveys.calnet.run import run

LEARNED = {"interpolation": "pchip", "threshold": 0.9}
PERIOD = 0.6
N_STARS, N_SHARDS = 8, 3


def rule(name, tensors):
    """A light curve with eclipses is bright most of the time."""
    mean = tensors["light_curve"].mean(axis=-1, keepdims=True)
    logit = np.float32(40 * (mean - 0.75))
    return {"logit": logit, "p_eb": 1 / (1 + np.exp(-logit))}


def write(path, number, *, sector=1):
    """Write a small light curve: of a binary (even numbers), or noise."""
    time = 1300 + 27 * sector + np.arange(0, 2.9, 1 / 720)
    rng = np.random.default_rng(number)
    flux = 1 + rng.normal(0, 1e-3, len(time))
    if number % 2 == 0:
        x = (time / PERIOD + 0.25) % 1 - 0.25
        flux -= 0.2 * np.exp(-0.5 * (x / 0.02) ** 2)
    primary = fits.PrimaryHDU()
    primary.header.update({"TELESCOP": "TESS", "TICID": number, "SECTOR": sector})
    columns = [
        fits.Column("TIME", "D", "d", array=time),
        fits.Column("PDCSAP_FLUX", "E", "e-/s", array=1e4 * flux),
        fits.Column("QUALITY", "J", array=np.zeros(len(time), int)),
    ]
    table = fits.BinTableHDU.from_columns(columns)
    fits.HDUList([primary, table]).writeto(path)


def named(folder, number, sector=1):
    return folder / f"tess2019-s{sector:04d}-{number:016d}-0000-s_lc.fits"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Stars, one of them in two sectors, one cut off, one under two names."""
    folder = tmp_path_factory.mktemp("lc")
    for number in range(1, N_STARS + 1):
        write(named(folder, number), number)
    write(named(folder, 2, sector=2), 2, sector=2)
    named(folder, 99).write_bytes(named(folder, 1).read_bytes()[:20_000])
    # its name says another star than its header, as that of its copy
    shutil.copy(named(folder, 4), folder / "my-own-copy.fits")
    shutil.copy(named(folder, 6), named(folder, 1006))
    return folder


@pytest.fixture
def server():
    return Answering(rule, LEARNED)


@pytest.fixture(scope="module")
def whole(folder, tmp_path_factory):
    """The catalogue of a run without shards."""
    out = tmp_path_factory.mktemp("whole") / "eb.fits"
    return search(Answering(rule, LEARNED), folder, out)


def search(server, folder, out, *, options=None, **control):
    return run(
        *([folder / "*.fits"], nullcontext(server), out, options or Options()),
        Control(**control),
    )


def in_shards(server, folder, where, count=N_SHARDS):
    parts = [where / f"{index}.part" for index in range(count)]
    for index, part in enumerate(parts):
        search(server, folder, part, shard=Shard(index, count))
    return parts


@pytest.fixture(scope="module")
def parts(folder, tmp_path_factory):
    return in_shards(Answering(rule, LEARNED), folder, tmp_path_factory.mktemp("parts"))


def assert_same(found, expected):
    assert found.colnames == expected.colnames
    for name in expected.colnames:
        a, b = np.asarray(found[name]), np.asarray(expected[name])
        assert (a.dtype, a.tobytes()) == (b.dtype, b.tobytes()), name


def test_the_catalogue_of_all_parts_is_that_of_one_run(parts, whole, tmp_path):
    orders = [parts, parts[::-1], random.Random(1).sample(parts, len(parts))]
    for number, order in enumerate(orders):
        result = api.merge(order, tmp_path / f"{number}.fits")
        assert_same(result.table, whole.table)
        assert result.summary.skipped == whole.summary.skipped
        assert (result.n_files, result.n_candidates, result.n_segments) == (
            *(whole.n_files, whole.n_candidates),
            whole.n_segments,
        )
        told = {"DATE", "COMMAND"}
        for key in whole.table.meta.keys() - told:
            assert result.table.meta[key] == whole.table.meta[key]
        assert result.table.meta["PART1"] == "0.part"
    assert whole.n_candidates == 4


def test_the_work_is_divided(folder, parts, tmp_path):
    one, all_ = Answering(rule, LEARNED), Answering(rule, LEARNED)
    search(all_, folder, tmp_path / "whole.fits")
    sizes = []
    for index in range(N_SHARDS):
        one = Answering(rule, LEARNED)
        shard = Shard(index, N_SHARDS)
        result = search(one, folder, tmp_path / f"{index}.part", shard=shard)
        sizes.append(one.n_requests)
        assert (tmp_path / f"{index}.part").read_bytes() == parts[index].read_bytes()
        assert result.shard == shard
    assert sum(sizes) == all_.n_requests
    assert max(sizes) < all_.n_requests


def test_one_content_under_two_names_is_one_star(whole):
    table = whole.table
    repeated = [tic for tic, f in table.iterrows("tic", "flags") if "repeated" in f]
    assert repeated == [4, 6]


def test_the_files_of_a_star_are_in_one_shard(folder):
    of_two = {star_key(path) for path in folder.glob("*000000002-*.fits")}
    assert of_two == {"TIC 2"}
    assert star_key(folder / "my-own-copy.fits") == "TIC 4"


def test_more_shards_than_inputs_leave_empty_parts(folder, whole, server, tmp_path):
    parts = in_shards(server, folder, tmp_path, count=20)
    assert_same(api.merge(parts, tmp_path / "eb.fits").table, whole.table)


def test_pictures_are_refused_in_a_shard(folder, server, tmp_path):
    options = Options(plots=tmp_path / "plots")
    with pytest.raises(BadInput, match="--plots cannot be given with --shard"):
        search(
            *(server, folder, tmp_path / "0.part"),
            options=options,
            shard=Shard(0, 2),
        )


def test_a_catalogue_is_no_name_for_a_part(folder, server, tmp_path):
    with pytest.raises(BadInput, match=r"must end in \.part; received .*eb\.fits"):
        search(server, folder, tmp_path / "eb.fits", shard=Shard(0, 2))
    assert server.n_requests == 0


def test_a_file_that_appears_before_the_merge_is_noticed(server, folder, tmp_path):
    more = tmp_path / "lc"
    more.mkdir()
    for number in (1, 2):
        shutil.copy(named(folder, number), more)
    parts = in_shards(server, more, tmp_path)
    shutil.copy(named(folder, 3), more)
    with pytest.raises(BadInput, match=r"made with inputs = .*'2 light curves'"):
        api.merge(parts, tmp_path / "eb.fits")
    assert not (tmp_path / "eb.fits").exists()


def test_parts_of_two_runs_are_refused(server, folder, parts, tmp_path):
    other = tmp_path / "1.part"
    options = Options(threshold=0.5)
    shard = Shard(1, N_SHARDS)
    search(server, folder, other, options=options, shard=shard)
    with pytest.raises(BadInput, match=r"the option threshold is None .* and 0\.5 in"):
        api.merge([parts[0], other, parts[2]], tmp_path / "eb.fits")
    server.digest = "sha256:" + "1" * 64
    search(server, folder, other, shard=shard, overwrite=True)
    with pytest.raises(BadInput, match="are parts of two runs: model is 'calnet"):
        api.merge([parts[0], other, parts[2]], tmp_path / "eb.fits")
