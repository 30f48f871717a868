"""The weights that are named are the weights that run, and answers are what they may.

The shipped models are copied and changed, then served by a real Triton.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import QTable

from amphitrite import api
from amphitrite.engine.control import Control
from amphitrite.errors import BadInput, InferenceFailed, ModelNotReady, SpecMismatch
from amphitrite.places import checkout_repository
from amphitrite.server.launcher import LocalTriton
from amphitrite.server.listening import Network
from amphitrite.server.provision import ServerEnvironment
from amphitrite.surveys import asked
from amphitrite.surveys.asid import page as asid_page
from amphitrite.surveys.asid.page import CLASSIFIER, HEADS_MODEL, LOCATION
from amphitrite.surveys.calnet import page as calnet_page
from amphitrite.surveys.calnet.page import MODEL
from amphitrite.surveys.morpheus import page as morpheus_page
from amphitrite.triton.config import parse_config
from amphitrite.triton.connection import Connection
from amphitrite.triton.repository import served_spec
from amphitrite.triton.spec import ModelSpec, parameter_key

onnx = pytest.importorskip("onnx", reason="needs the export extra")

pytestmark = [pytest.mark.triton, pytest.mark.export]

SURVEYS = ("asid", "calnet", "morpheus")
ALL = [name for survey in SURVEYS for name in asked(survey)]
FILE = "1/model.onnx"


# ---- models -------------------------------------------------------------------------


def copied(folder: Path) -> Path:
    """Copy the shipped models."""
    shutil.copytree(checkout_repository(), folder)
    return folder


def respecify(model: Path, change: Callable[[ModelSpec], ModelSpec]) -> None:
    """Change the spec in a model's configuration, and nothing else of it."""
    from amphitrite.triton.config import format_config

    config = parse_config((model / "config.pbtxt").read_text())
    parameter = config.parameters[parameter_key(1)]
    parameter.string_value = change(
        ModelSpec.from_json(parameter.string_value)
    ).to_json()
    (model / "config.pbtxt").write_text(format_config(config))


def digest(path: Path) -> str:
    from amphitrite_export.conversion.convert import digest

    return digest(path.read_bytes())


def with_other_weights(model: Path) -> None:
    """Move one bias of a network a little, and say so in its spec."""
    proto = onnx.load(model / FILE)
    (bias, *_) = [each for each in proto.graph.initializer if len(each.dims) == 1]
    array = onnx.numpy_helper.to_array(bias) + np.float32(1e-3)
    bias.CopyFrom(onnx.numpy_helper.from_array(array, bias.name))
    onnx.save(proto, model / FILE)
    respecify(model, lambda spec: replace(spec, digest=digest(model / FILE)))


def with_learned(model: Path, **learned: Any) -> None:
    """Say that a network has learned something else with the same weights."""
    respecify(model, lambda spec: replace(spec, learned={**spec.learned, **learned}))


def flip(path: Path, at: float = 0.5) -> None:
    """Change one byte of a file."""
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 1
    path.write_bytes(content)


def saying(spec: ModelSpec, values: Mapping[str, float]) -> bytes:
    """Return a network that gives one number for each output, whatever it is sent."""
    from amphitrite_export.conversion.convert import IR_VERSION, OPSET, signature

    first = next((t for t in spec.inputs if t.dtype == "bool"), spec.inputs[0])
    # the batch, and the places in a list of peaks
    leading = 2 if first.dtype == "bool" else 1
    steps, constants = [f"n = Shape <start = 0, end = {leading}> ({first.name})"], {}
    for tensor in spec.outputs:
        name = tensor.name
        steps += [
            f"shape_{name} = Concat <axis = 0> (n, lengths_{name})",
            f"{name} = Expand (value_{name}, shape_{name})",
        ]
        value = values.get(name, 0.5)
        constants[f"value_{name}"] = np.array([value], tensor.dtype)
        constants[f"lengths_{name}"] = np.array(tensor.shape[leading - 1 :], np.int64)
    proto = onnx.parser.parse_model(
        f'<ir_version: {IR_VERSION}, opset_import: ["" : {OPSET}]>\n'
        f"{spec.name} ({signature(spec.inputs)}) => ({signature(spec.outputs)})\n"
        "{ " + "\n".join(steps) + " }"
    )
    proto.graph.initializer.extend(
        onnx.numpy_helper.from_array(array, name) for name, array in constants.items()
    )
    onnx.checker.check_model(proto, full_check=True)
    return bytes(proto.SerializeToString(deterministic=True))


def publish(repository: Path, networks: Sequence[tuple[ModelSpec, float]]) -> None:
    """Make networks that answer one number the next versions of their models.

    Given are contracts, and what their last output is to be.
    """
    from amphitrite_export.conversion.convert import OnnxFile
    from amphitrite_export.conversion.convert import digest as digest_of
    from amphitrite_export.publishing.generations import publish_together

    files = []
    for spec, value in networks:
        content = saying(spec, {spec.outputs[-1].name: value})
        learned = served_spec(repository / spec.name).learned
        told = spec.with_weights(digest=digest_of(content), learned=learned)
        files.append(OnnxFile(content, told))
    publish_together(files, repository)


# ---- inputs -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Small files for each survey."""
    folder = tmp_path_factory.mktemp("inputs")
    return {
        "asid": [events(folder / "events.fits")],
        "calnet": [light_curve(folder / f"{n}_lc.fits", n) for n in range(1, 5)],
        "morpheus": bands(folder),
    }


def events(path: Path) -> Path:
    from amphitrite_training.surveys.asid.simulate.files import write_events
    from amphitrite_training.surveys.asid.simulate.photons import Region, draw_events
    from amphitrite_training.surveys.asid.simulate.sky import make_sky

    region = Region(lon=300.0, lat=-35.0, radius=8.0)
    sky = make_sky(4_001, variant="A")
    photons = draw_events(sky, np.random.default_rng(4_001), region)
    write_events(photons, path, years=sky.years, region=region)
    return path


def light_curve(path: Path, number: int) -> Path:
    time_ = 1327 + np.arange(0, 2.9, 1 / 720)
    noise = np.random.default_rng(number).normal(0, 1e-3, len(time_))
    primary = fits.PrimaryHDU()
    primary.header.update(
        {"TELESCOP": "TESS", "TICID": number, "SECTOR": 1, "TESSMAG": 10.0}
        | {"RA_OBJ": float(number), "DEC_OBJ": 0.0}
    )
    columns = [
        fits.Column("TIME", "D", "d", array=time_),
        fits.Column("PDCSAP_FLUX", "E", "e-/s", array=1e4 * (1 + noise)),
        fits.Column("QUALITY", "J", array=np.zeros(len(time_), int)),
    ]
    table = fits.BinTableHDU.from_columns(columns)
    fits.HDUList([primary, table]).writeto(path)
    return path


def bands(folder: Path) -> list[Path]:
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:120, :90]
    paths = []
    for band in "hjvz":
        image = rng.normal(scale=0.003, size=y.shape)
        for row, column in ((30, 30), (70, 60)):
            image += 0.3 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / 18)
        hdu = fits.PrimaryHDU(image.astype(np.float32))
        hdu.header.update({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"})
        hdu.header.update({"CRVAL1": 53.1, "CRVAL2": -27.8, "CRPIX1": 45, "CRPIX2": 60})
        hdu.header.update({"CDELT1": -1.7e-5, "CDELT2": 1.7e-5})
        paths.append(folder / f"{band}.fits")
        hdu.writeto(paths[-1])
    return paths


OUT = {"asid": "found.fits", "calnet": "eb.fits", "morpheus": "products"}
OPTIONS = {"morpheus": {"stride": 5, "strip_rows": 8, "report": False}}


class Stop(Exception):
    """Ends a run early."""


@contextmanager
def stopping(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar that ends the run after a few steps."""
    steps = iter(range(4))

    def advance(size: int) -> None:
        if next(steps, None) is None:
            raise Stop

    yield advance


def interrupted(survey: str, files: list[Path], server: LocalTriton, out: Path) -> None:
    """Begin a run and leave its finished parts behind."""
    control, options = Control(progress=stopping), OPTIONS.get(survey, {})
    with Connection(server.grpc_url) as connection, pytest.raises(Stop):
        api.run(survey, files, connection, output=out, control=control, **options)
    assert out.with_name(f"{out.name}.part").is_dir()
    assert not out.exists()


def resume(survey: str, files: list[Path], server: LocalTriton, out: Path) -> QTable:
    with Connection(server.grpc_url) as connection:
        return api.run(
            *(survey, files, connection),
            output=out,
            control=Control(resume=True),
            **OPTIONS.get(survey, {}),
        )


# ---- servers ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped(server_environment: ServerEnvironment) -> Iterator[LocalTriton]:
    """The shipped models."""
    repository = checkout_repository()
    with LocalTriton(repository, ALL, environment=server_environment) as server:
        yield server


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of the same names and versions, each changed in its way."""
    repository = copied(tmp_path_factory.mktemp("others") / "models")
    with_other_weights(repository / "morpheus")
    with_learned(repository / "calnet", interpolation="spline")
    # not what the ensembles were published with, though of the same weights
    with_learned(repository / "asid_location", radius_95=9.0)
    # two outputs of one kind change places
    path = repository / "asid_heads" / "config.pbtxt"
    first, second = ('value: "log10_flux"', 'value: "fake_logit"')
    parts = [part.replace(second, first) for part in path.read_text().split(first)]
    assert len(parts) == 2
    path.write_text(second.join(parts))
    return repository


@pytest.fixture(scope="module")
def other(others: Path, server_environment: ServerEnvironment) -> Iterator[LocalTriton]:
    with LocalTriton(others, ALL, environment=server_environment) as server:
        yield server


@pytest.fixture(scope="module")
def damaged(
    tmp_path_factory: pytest.TempPathFactory, server_environment: ServerEnvironment
) -> Iterator[LocalTriton]:
    """Networks that answer NaN, one for each survey, and one of a negative variance."""
    repository = copied(tmp_path_factory.mktemp("damaged") / "models")
    nan = (CLASSIFIER, MODEL, morpheus_page.MODEL)
    publish(repository, [(LOCATION, -0.25), *((spec, np.nan) for spec in nan)])
    with LocalTriton(repository, ALL, environment=server_environment) as server:
        yield server


# ---- at load ------------------------------------------------------------------------


def refusals(repository: Path, environment: ServerEnvironment, log: Path) -> list[str]:
    """Return why a server does not start, and what its log says of each model."""
    with pytest.raises(ModelNotReady) as caught:
        LocalTriton(repository, environment=environment, log=log).start()
    return [str(caught.value), *log.read_text().splitlines()]


# of a member, the ensemble falls with it
@pytest.mark.parametrize(
    ("asked", "name", "at"),
    [
        ("calnet", "calnet", 0.7),
        ("asid", "asid_flux", 0.5),
        ("morpheus", "morpheus", 0.999999),
    ],
)
def test_one_changed_byte_is_refused_by_name(
    asked: str,
    name: str,
    at: float,
    tmp_path: Path,
    server_environment: ServerEnvironment,
) -> None:
    repository = copied(tmp_path / "models")
    file = repository / name / FILE
    declared = digest(file)
    flip(file, at)
    with pytest.raises(ModelNotReady) as caught:
        LocalTriton(repository, [asked], environment=server_environment).start()
    said = str(caught.value)
    assert f"cannot be loaded: model '{name}': version 1" in said or (
        f"the model '{name}' cannot be loaded: version 1" in said
    )
    assert f"the ONNX file {file} has the digest {digest(file)}" in said
    assert f"its spec says {declared}: it is damaged, or was replaced" in said


def add_toy(repository: Any, toys: Any, name: str, *, spec: str) -> None:
    """Add a toy whose configuration says of it what it may."""
    key = f'"{parameter_key(1)}"'
    extra = f"parameters {{ key: {key} value {{ string_value: {spec!r} }} }}\n"
    repository.add(name, toys.double(), extra=extra)


def test_a_file_that_nobody_can_vouch_for_is_refused(
    repository: Any, toys: Any, server_environment: ServerEnvironment, tmp_path: Path
) -> None:
    specs = {"no_json": "none", "no_digest": "{}", "empty": '{"digest":""}'}
    for name, spec in specs.items():
        add_toy(repository, toys, name, spec=spec)
    # of a version that is not there, and a configuration that the file is to complete
    repository.add("unspecified", toys.double(), extra=_of_version_2())
    repository.add("bare", toys.double(), config=_BARE)
    said = refusals(repository.path, server_environment, tmp_path / "log")
    for name, words in {
        "no_json": "'amphitrite.spec.1', cannot be read",
        "no_digest": "cannot be read (KeyError('digest'))",
        "empty": "its digest is ''",
        "unspecified": "'amphitrite.spec.1', cannot be read",
        "bare": "its spec says sha256:",
    }.items():
        lines = [line for line in said if f"model '{name}':" in line]
        assert any(words in line for line in lines), (name, lines)


_BARE = (
    'name: "{name}"\nbackend: "onnxruntime"\nparameters {{ key: "amphitrite.spec.1" '
    'value {{ string_value: "{{\\"digest\\":\\"sha256:1\\"}}" }} }}\n'
)


def _of_version_2() -> str:
    return (
        f'parameters {{ key: "{parameter_key(2)}" value {{ string_value: "{{}}" }} }}\n'
    )


# ---- while connected ----------------------------------------------------------------


def test_a_model_says_that_its_weights_are_verified(shipped: LocalTriton) -> None:
    with Connection(shipped.grpc_url) as connection:
        for page in (asid_page, calnet_page, morpheus_page):
            model = connection.model(page.MODEL)
            assert model.verified
            assert model.spec == served_spec(checkout_repository() / page.MODEL.name)
            model.check_unchanged()


def test_a_backend_that_does_not_verify_is_said_once_and_named_in_the_product(
    shipped: LocalTriton,
    inputs: dict[str, list[Path]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    products = {}
    with Connection(shipped.grpc_url) as connection:
        ask = connection._client.get_model_config

        def as_nvidias_own(*args: Any, **options: Any) -> Any:
            # the one thing in which a C++ backend's answer differs
            answer = ask(*args, **options)
            if answer.config.runtime:
                assert answer.config.runtime == "model.py"
                answer.config.runtime = "libtriton_onnxruntime.so"
            return answer

        out = tmp_path / "verified.fits"
        api.run("calnet", inputs["calnet"], connection, output=out)
        products["verified"] = QTable.read(out)
        assert "digest" not in caplog.text
        model = connection.model(MODEL)
        monkeypatch.setattr(connection._client, "get_model_config", as_nvidias_own)
        for survey in ("calnet", "asid"):
            out = tmp_path / f"{survey}.fits"
            api.run(survey, inputs[survey], connection, output=out)
            products[survey] = QTable.read(out)
        with pytest.raises(SpecMismatch, match=r", not verified\); the run began"):
            model.check_unchanged()
    said = [r for r in caplog.messages if "does not compare the weights" in r]
    assert len(said) == 1
    assert products["verified"].meta["WEIGHTS"] == "verified"
    for survey, page in (("calnet", calnet_page), ("asid", asid_page)):
        meta = products[survey].meta
        assert meta["WEIGHTS"] == "not verified"
        spec = served_spec(checkout_repository() / page.MODEL.name)
        assert meta["MODELSUM"] == spec.identity
    rows = [products[name] for name in ("verified", "calnet")]
    assert all((rows[0][name] == rows[1][name]).all() for name in ("star", "p_eb"))


def test_a_member_that_learned_something_else_is_noticed(other: LocalTriton) -> None:
    with (
        Connection(other.grpc_url) as connection,
        pytest.raises(SpecMismatch, match="'asid_location' was replaced without"),
    ):
        connection.model(asid_page.MODEL)


def test_an_ensemble_that_is_joined_otherwise_is_noticed(other: LocalTriton) -> None:
    with (
        Connection(other.grpc_url) as connection,
        pytest.raises(
            SpecMismatch, match=r"'asid_heads' at .* joined as sha256:.*spec"
        ),
    ):
        connection.model(HEADS_MODEL)


# ---- in a run -----------------------------------------------------------------------


@pytest.mark.parametrize("survey", ["morpheus", "calnet"])
def test_a_run_goes_on_over_the_same_model_only(
    survey: str,
    shipped: LocalTriton,
    other: LocalTriton,
    inputs: dict[str, list[Path]],
    tmp_path: Path,
) -> None:
    """Morpheus has other weights there, calnet has learned something else."""
    out, whole = tmp_path / OUT[survey], tmp_path / f"whole_{OUT[survey]}"
    files = inputs[survey]
    interrupted(survey, files, shipped, out)
    with pytest.raises(BadInput, match=f"had model = '{survey} version 1 sha256:"):
        resume(survey, files, other, out)
    assert not out.exists()
    found, expected = (
        resume(survey, files, shipped, out),
        resume(survey, files, shipped, whole),
    )
    assert len(found) == len(expected) > 0
    for name in expected.colnames:
        np.testing.assert_array_equal(np.asarray(found[name]), expected[name].value)


def test_other_weights_at_the_same_address_end_the_run(
    others: Path,
    inputs: dict[str, list[Path]],
    tmp_path: Path,
    server_environment: ServerEnvironment,
) -> None:
    out = tmp_path / "products"
    journal = tmp_path / "products.part" / "journal"
    options = {"models": ["morpheus"], "environment": server_environment}
    with LocalTriton(checkout_repository(), listening=Network(), **options) as first:
        port = int(first.grpc_url.rpartition(":")[2])
        command = (
            *("morpheus", *inputs["morpheus"], "-o", out, "--server", first.grpc_url),
            *("--stride", 1, "--strip-rows", 4, "--batch", 16, "--no-report"),
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "amphitrite", *map(str, command)],
            stderr=subprocess.PIPE,
            text=True,
        )
        end = time.monotonic() + 60
        while not journal.exists() or journal.stat().st_size < 10_000:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < end
            time.sleep(0.01)
        os.kill(first.pid, 9)
    with LocalTriton(others, listening=Network(grpc_port=port), **options):
        _, said = process.communicate(timeout=120)
    spec = served_spec(others / "morpheus")
    assert process.returncode == 3, said
    assert (
        f"now serves 'morpheus' version 1 ({spec.identity}, weights {spec.digest}"
        in (said)
    )
    assert "Start the run anew" in said
    assert "Traceback" not in said
    assert not out.exists()


@pytest.mark.parametrize("survey", SURVEYS)
def test_an_answer_that_cannot_be_is_an_error_and_no_product(
    survey: str,
    damaged: LocalTriton,
    inputs: dict[str, list[Path]],
    tmp_path: Path,
) -> None:
    out = tmp_path / OUT[survey]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "amphitrite", survey, *map(str, inputs[survey])),
            *("-o", str(out), "--server", damaged.grpc_url, "--quiet"),
            *(("--workers", "0") if survey == "calnet" else ()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 3, done.stderr
    name = {"asid": "p_fake", "calnet": "p_eb", "morpheus": "probabilities"}[survey]
    assert f"the answer of '{survey}' version 2" in done.stderr
    assert f"'{name}' has invalid values" in done.stderr
    assert "the first nan" in done.stderr
    assert "declared are numbers from 0 to 1" in done.stderr
    assert "The model is damaged: export or install it again" in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_an_evaluation_takes_no_such_answer_either(damaged: LocalTriton) -> None:
    from amphitrite_training.surveys.asid.evaluate import evaluate

    with (
        Connection(damaged.grpc_url) as connection,
        pytest.raises(InferenceFailed, match=r"'p_fake' .* the first nan"),
    ):
        evaluate(connection, progress=_unseen, n_fields=1)


@contextmanager
def _unseen(what: str, total: int) -> Iterator[Callable[[int], None]]:
    yield lambda size: None


def test_what_a_model_does_not_take_never_leaves(shipped: LocalTriton) -> None:
    with Connection(shipped.grpc_url) as connection:
        model = connection.model(morpheus_page.MODEL)
        windows = np.zeros((2, 40, 40, 4), np.float32)
        assert model.infer({"windows": windows})["probabilities"].shape[0] == 2
        windows[1, 3, 3, 3] = np.nan
        with pytest.raises(BadInput, match=r"'windows' .* 1 of 12800 values"):
            model.infer({"windows": windows})


def peaks(n: int) -> dict[str, np.ndarray]:
    """Return a list of places for the heads, of which every other holds a peak."""
    rng = np.random.default_rng(5)
    tensors = {
        tensor.name: rng.poisson(
            2, (1, *(n if length < 0 else length for length in tensor.shape))
        ).astype(np.float32)
        for tensor in HEADS_MODEL.inputs
    }
    tensors["exposure"] += 1e11
    return {**tensors, "valid": np.arange(n)[None] % 2 == 0}


def test_a_value_out_of_its_range_is_refused(damaged: LocalTriton) -> None:
    with Connection(damaged.grpc_url) as connection:
        heads = connection.model(HEADS_MODEL)
        with pytest.raises(InferenceFailed) as caught:
            heads.infer(peaks(5), ["offset_variance"])
    assert "of 'asid_heads' version 2 on the server at" in str(caught.value)
    assert (
        "'offset_variance' has invalid values: 12 of 12 values, the first -0.25; "
        "declared are finite numbers from 0"
    ) in str(caught.value)


def test_an_output_is_checked_where_there_is_a_peak(shipped: LocalTriton) -> None:
    with Connection(shipped.grpc_url) as connection:
        tensors = peaks(5)
        answer = connection.model(HEADS_MODEL).infer(tensors, ["p_fake", "offset"])
    assert set(answer) == {"p_fake", "offset"}
    np.testing.assert_array_equal(np.isfinite(answer["p_fake"]), tensors["valid"])
