"""Bad input: said clearly, nothing lost, nothing partial under the final name."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import socket
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from amphitrite.api import run
from amphitrite.engine.control import Control
from amphitrite.errors import (
    BadInput,
    ModelNotReady,
    OutputError,
    ServerUnreachable,
    SpecMismatch,
)
from amphitrite.server.launcher import LocalTriton
from amphitrite.surveys.morpheus.page import LABELS, MODEL
from amphitrite.triton.config import format_config, parse_config
from amphitrite.triton.connection import Connection
from amphitrite.triton.repository import find_repository
from amphitrite.triton.spec import ModelSpec, parameter_key

pytestmark = pytest.mark.triton

FAST = {"stride": 10, "report": False}


def planes(out, extension="MEAN"):
    return np.array(
        [fits.getdata(out / f"{label}.fits", extension) for label in LABELS]
    )


def test_regions_that_say_nothing_are_classified_without_harm(
    blobs, write_bands, connection, tmp_path
):
    field = blobs((120, 130))
    field[:, :45, :45] = 0.03125
    field[:, 70:, 80:] = 7.25
    out = tmp_path / "out"
    run("morpheus", write_bands(field), connection, output=out, **FAST)
    mean, count = planes(out), fits.getdata(out / "count.fits")
    assert np.isfinite(mean).all()
    np.testing.assert_allclose(mean.sum(0)[count > 0], 1, atol=1e-5)
    assert (count[5:-5, 5:-5] > 0).all()


def test_areas_of_zeros_act_like_an_edge(
    blobs, write_bands, connection, tmp_path, caplog
):
    field = blobs((120, 130))
    field[2, :, :45] = 0.0
    marked = np.where(field == 0, np.nan, field).astype(np.float32)
    for name, given in [("zeros", field), ("marked", marked)]:
        out = tmp_path / name
        run("morpheus", write_bands(given, folder=f"f_{name}"), connection, output=out)
    for name in ("count.fits", "segmap.fits"):
        np.testing.assert_array_equal(
            fits.getdata(tmp_path / "zeros" / name),
            fits.getdata(tmp_path / "marked" / name),
        )
    np.testing.assert_array_equal(
        planes(tmp_path / "zeros"), planes(tmp_path / "marked")
    )
    (record,) = [r for r in caplog.records if "exactly 0" in r.getMessage()]
    assert "5400 of 15600 in" in record.getMessage()
    header = fits.getheader(tmp_path / "zeros" / "segmap.fits")
    assert header["CHOICE1"] == record.getMessage()


def test_bad_pixels_act_like_an_edge(blobs, write_bands, connection, tmp_path):
    field = blobs((120, 130))
    field[1, 30, 40] = np.nan
    field[0, 80:, 100:] = np.inf
    out = tmp_path / "out"
    run("morpheus", write_bands(field), connection, output=out, stride=1, report=False)
    count = fits.getdata(out / "count.fits")
    assert np.isfinite(planes(out)).all()
    assert (count[25:36, 35:46] == 0).all()
    assert (count[75:, 95:] == 0).all()
    assert count[24, 34] > 0
    assert (fits.getdata(out / "segmap.fits")[count == 0] == -1).all()


def test_an_image_without_a_finite_window_gives_an_empty_catalogue(
    write_bands, connection, tmp_path
):
    field = np.full((4, 50, 50), np.nan, np.float32)
    out = tmp_path / "out"
    table = run("morpheus", write_bands(field), connection, output=out, **FAST)
    assert len(table) == 0
    assert not fits.getdata(out / "count.fits").any()
    assert len(fits.getdata(out / "catalogue.fits")) == 0


@pytest.mark.parametrize("kind", [">i2", ">f8", ">i4", ">f4"])
def test_other_number_formats_give_the_same_maps(
    kind, blobs, write_bands, connection, tmp_path
):
    field = np.round(blobs((60, 70)) * 1000).astype(np.float32)
    paths = write_bands(field)
    others = write_bands(field.astype(kind), folder="other")
    for number, given in enumerate([paths, others]):
        run("morpheus", given, connection, output=tmp_path / f"out{number}", **FAST)
    np.testing.assert_array_equal(planes(tmp_path / "out0"), planes(tmp_path / "out1"))


def test_gzip_and_fpack_are_read(blobs, write_bands, connection, tmp_path):
    paths = write_bands(np.round(blobs((60, 70)) * 1000))
    packed = []
    for number, path in enumerate(paths):
        pixels, header = fits.getdata(path, header=True)
        packed.append(path.with_suffix(".fits.gz" if number % 2 else ".fits.fz"))
        if number % 2:
            packed[-1].write_bytes(gzip.compress(path.read_bytes()))
        else:
            fits.HDUList(
                [
                    fits.PrimaryHDU(),
                    fits.CompImageHDU(pixels.astype("i4"), header),
                ]
            ).writeto(packed[-1])
    for number, given in enumerate([paths, packed]):
        run("morpheus", given, connection, output=tmp_path / f"out{number}", **FAST)
    np.testing.assert_array_equal(planes(tmp_path / "out0"), planes(tmp_path / "out1"))


def test_no_wcs_leaves_the_sky_position_open(blobs, write_bands, connection, tmp_path):
    paths = write_bands(blobs((100, 100)), header=fits.Header())
    table = run("morpheus", paths, connection, output=tmp_path / "out", **FAST)
    assert len(table)
    assert np.isnan(table["ra"]).all()
    assert table["ra"].unit == "deg"


def no_fits(paths):
    paths[1].write_text("not FITS at all\n" * 400)


def truncated(paths):
    paths[2].write_bytes(paths[2].read_bytes()[:9000])


def torn_gzip(paths):
    paths[3].write_bytes(gzip.compress(paths[3].read_bytes())[:-5000])


def a_directory(paths):
    paths[0].unlink()
    paths[0].mkdir()


def missing(paths):
    paths[3].unlink()


def other_shape(paths):
    pixels, header = fits.getdata(paths[1], header=True)
    fits.writeto(paths[1], pixels[:-3], header, overwrite=True)


def other_wcs(paths):
    fits.setval(paths[2], "CRVAL1", value=53.2)


def too_small(paths):
    for path in paths:
        pixels, header = fits.getdata(path, header=True)
        fits.writeto(path, pixels[:39], header, overwrite=True)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (no_fits, "j.fits"),
        (truncated, "truncated"),
        (torn_gzip, "z.fits"),
        (a_directory, "holds no FITS file"),
        (missing, "z.fits"),
        (other_shape, "differ in shape"),
        (other_wcs, "differ in WCS"),
        (too_small, "40 x 40"),
    ],
)
def test_a_damaged_band_is_said(
    damage, message, blobs, write_bands, connection, tmp_path
):
    paths = write_bands(blobs((60, 70)))
    damage(paths)
    with pytest.raises(BadInput, match=message):
        run("morpheus", paths, connection, output=tmp_path / "out", **FAST)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["field"]


def test_three_bands_are_not_enough(blobs, write_bands, connection):
    paths = write_bands(blobs((60, 70)))
    with pytest.raises(BadInput, match=r"H, J, V, z .* received 3"):
        run("morpheus", paths[:3], connection)


def test_an_unknown_suffix_is_said_before_any_work(blobs, write_bands, connection):
    paths = write_bands(blobs((60, 70)))
    with pytest.raises(BadInput, match=r"cat\.docx"):
        run("morpheus", paths, connection, catalogue="cat.docx")


@pytest.mark.parametrize("name", ["disk.fits", "colour.png", "sub/cat.fits", "/a.fits"])
def test_a_catalogue_takes_no_other_place(name, blobs, write_bands, connection):
    paths = write_bands(blobs((60, 70)))
    with pytest.raises(BadInput, match=r"plain file name|no known"):
        run("morpheus", paths, connection, catalogue=name)


def test_one_file_for_all_bands_is_refused(blobs, write_bands, connection):
    paths = write_bands(blobs((60, 70)))
    with pytest.raises(BadInput, match="several bands"):
        run("morpheus", [paths[0]] * 4, connection)


def test_bands_in_another_order_are_put_right(
    blobs, write_bands, connection, tmp_path, caplog
):
    paths = write_bands(blobs((60, 70)))
    for path, name in zip(paths, ("F160W", "F125W", "F606W", "F850LP"), strict=True):
        fits.setval(path, "FILTER", value=name)
    h, j, v, z = paths
    run("morpheus", [h, j, v, z], connection, output=tmp_path / "out0", **FAST)
    assert "order" not in caplog.text
    run("morpheus", [h, j, z, v], connection, output=tmp_path / "out1", **FAST)
    np.testing.assert_array_equal(planes(tmp_path / "out0"), planes(tmp_path / "out1"))
    assert "in the order of the filters in their headers" in caplog.text
    header = fits.getheader(tmp_path / "out1" / "segmap.fits")
    assert [header[f"INPUT{n}"] for n in (3, 4)] == ["v.fits", "z.fits"]


def test_a_batch_is_no_larger_than_the_server_allows(
    blobs, write_bands, connection, tmp_path
):
    paths = write_bands(blobs((70, 80)))
    run(
        *("morpheus", paths, connection),
        output=tmp_path / "out",
        batch=10**6,
        stride=1,
        report=False,
    )


def test_inputs_in_the_output_are_never_lost(blobs, write_bands, connection):
    paths = write_bands(blobs((60, 70)))
    with pytest.raises(OutputError, match="also holds"):
        run(
            *("morpheus", paths, connection),
            output=paths[0].parent,
            control=Control(overwrite=True),
        )
    assert all(path.exists() for path in paths)


def test_an_unwritable_output_is_said_before_any_work(
    blobs, write_bands, connection, tmp_path
):
    paths = write_bands(blobs((60, 70)))
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        run("morpheus", paths, connection, output=tmp_path / "file" / "out", **FAST)


@pytest.mark.parametrize("suffix", [".fits", ".vot", ".ecsv", ".csv", ".parquet"])
def test_the_catalogue_comes_in_every_format(
    suffix, blobs, write_bands, connection, tmp_path
):
    paths = write_bands(blobs((60, 70)))
    name = f"catalogue{suffix}"
    run("morpheus", paths, connection, output=tmp_path / "o", catalogue=name, **FAST)
    assert (tmp_path / "o" / name).stat().st_size > 0


def test_a_mistake_on_the_command_line_has_no_traceback(
    amphitrite, blobs, write_bands, morpheus_server, tmp_path
):
    paths = write_bands(blobs((60, 70)))
    missing(paths)
    done = amphitrite(
        *("morpheus", *paths, "-o", tmp_path / "out", "--json"),
        *("--server", morpheus_server.grpc_url),
    )
    assert done.returncode == 2
    assert "z.fits" in json.loads(done.stdout)["error"]
    assert "Traceback" not in done.stderr


def test_a_server_that_is_not_there_is_said(blobs, write_bands, tmp_path):
    paths = write_bands(blobs((60, 70)))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with pytest.raises(ServerUnreachable, match=f"127.0.0.1:{port}"):
        run("morpheus", paths, f"127.0.0.1:{port}", output=tmp_path / "out", **FAST)
    assert not (tmp_path / "out.part").exists()


def test_a_wrong_address_is_said(blobs, write_bands):
    with pytest.raises(BadInput, match="write localhost:8001"):
        run("morpheus", write_bands(blobs((60, 70))), "http://localhost")


def test_a_server_without_the_model_is_said(toy_server):
    with (
        Connection(toy_server.grpc_url) as connection,
        pytest.raises(ModelNotReady, match="does not serve 'morpheus'"),
    ):
        connection.model(MODEL)


@pytest.fixture
def altered(tmp_path, server_environment):
    """Serve the committed model with another configuration."""
    servers = []

    def serve(change):
        repository = tmp_path / "models"
        shutil.copytree(find_repository() / "morpheus", repository / "morpheus")
        path = repository / "morpheus" / "config.pbtxt"
        config = parse_config(path.read_text())
        change(config)
        path.write_text(format_config(config))
        servers.append(
            LocalTriton(repository, ["morpheus"], environment=server_environment)
        )
        return servers[-1].start().grpc_url

    yield serve
    for server in servers:
        server.stop()


def respec(config, **changes):
    key = parameter_key(1)
    spec = ModelSpec.from_json(config.parameters[key].string_value)
    config.parameters[key].string_value = replace(spec, **changes).to_json()


def other_labels(config):
    respec(config, labels=("disk", "spheroid", *LABELS[2:]))


def without_spec(config):
    del config.parameters[parameter_key(1)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (other_labels, "the field 'labels' differs"),
        (without_spec, "without its spec"),
    ],
)
def test_another_contract_is_refused_by_field(change, message, altered):
    url = altered(change)
    with (
        Connection(url) as connection,
        pytest.raises(SpecMismatch, match=message),
    ):
        connection.model(MODEL)


def test_right_names_with_other_shapes_are_refused(toys, altered, tmp_path):
    onnx = pytest.importorskip("onnx", reason="needs the export extra")

    def narrow(config):
        """Serve a network of the same names on windows of 20 x 20."""
        make = onnx.helper.make_tensor_value_info
        float32 = onnx.TensorProto.FLOAT
        body = onnx.helper.make_graph(
            [
                toys.node("ReduceMax", ["windows"], "top", axes=[3], keepdims=1),
                toys.node("Concat", ["top"] * 5, "logits", axis=3),
                toys.node("Softmax", ["logits"], "probabilities", axis=3),
            ],
            "narrow",
            [make("windows", float32, ("batch", 20, 20, 4))],
            [
                make(name, float32, ("batch", 20, 20, 5))
                for name in ("logits", "probabilities")
            ],
        )
        model = onnx.helper.make_model(
            body, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8
        )
        content = model.SerializeToString()
        (tmp_path / "models/morpheus/1/model.onnx").write_bytes(content)
        respec(config, digest=f"sha256:{hashlib.sha256(content).hexdigest()}")
        for tensor in (*config.input, *config.output):
            tensor.dims[:2] = [20, 20]
        del config.model_warmup[:]

    with (
        Connection(altered(narrow)) as connection,
        pytest.raises(SpecMismatch, match=r"'inputs\.windows' differs.*20, 20, 4"),
    ):
        connection.model(MODEL)


def test_a_corrupt_network_is_said(altered, tmp_path):
    def corrupt(config):
        path = tmp_path / "models" / "morpheus" / "1" / "model.onnx"
        path.write_bytes(path.read_bytes()[:1000])

    with pytest.raises(BadInput, match=r"model\.onnx is no ONNX file, or is damaged"):
        altered(corrupt)
