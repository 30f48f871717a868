"""What a model's folder may hold and say, and everything that it may not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from amphitrite.errors import BadInput
from amphitrite.server.selfcheck import onnx_bytes
from amphitrite.triton.config import parse_config
from amphitrite.triton.plain_models import read_model

REPOSITORY = Path(__file__).resolve().parents[3] / "model_repository"
CONFIG = 'name: "toy"\nbackend: "onnxruntime"\nmax_batch_size: 4\n'
ENSEMBLE = (
    'name: "both"\nplatform: "ensemble"\nensemble_scheduling { step { '
    'model_name: "toy" model_version: 1 input_map { key: "x" value: "x" } '
    'output_map { key: "y" value: "y" } } }\n'
)


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    folder = tmp_path / "toy"
    (folder / "1").mkdir(parents=True)
    (folder / "1/model.onnx").write_bytes(onnx_bytes())
    (folder / "config.pbtxt").write_text(CONFIG)
    return folder


@pytest.fixture
def both(tmp_path: Path) -> Path:
    folder = tmp_path / "both"
    (folder / "1").mkdir(parents=True)
    (folder / "1/.gitkeep").touch()
    (folder / "config.pbtxt").write_text(ENSEMBLE)
    return folder


@pytest.mark.parametrize(
    "name", sorted(path.parent.name for path in REPOSITORY.glob("*/config.pbtxt"))
)
def test_every_shipped_model_is_only_a_model(name: str) -> None:
    folder = REPOSITORY / name
    model = read_model(folder)
    assert model.name == name
    assert model.hidden == ()
    found = {str(path.relative_to(folder)) for path in folder.rglob("*.*")}
    versions = {
        f"{version}/{'.gitkeep' if file is None else 'model.onnx'}"
        for version, file in model.weights.items()
    }
    assert {*model.texts, *model.extras, *versions} == found
    for relative, text in model.texts.items():
        written = parse_config((folder / relative).read_text())
        assert parse_config(text) == written


def test_a_model_is_described(toy: Path) -> None:
    (toy / "configs").mkdir()
    (toy / "configs/gpu.pbtxt").write_text('backend: "onnxruntime"')
    (toy / "12").mkdir()
    (toy / "12/model.onnx").write_bytes(onnx_bytes())
    (toy / "12/.gitkeep").touch()
    (toy / "MODEL_CARD.md").touch()
    (toy / "pictures").mkdir()
    (toy / "pictures/roc.png").touch()
    (toy / ".DS_Store").touch()
    (toy / "1/._model.onnx").touch()
    model = read_model(toy)
    assert (model.name, model.is_ensemble) == ("toy", False)
    assert model.weights == {1: toy / "1/model.onnx", 12: toy / "12/model.onnx"}
    assert model.extras == ("MODEL_CARD.md", "pictures/roc.png")
    assert model.hidden == (".DS_Store", "1/._model.onnx")
    assert list(model.texts) == ["config.pbtxt", "configs/gpu.pbtxt"]
    # the name that is left out is written down
    assert parse_config(model.texts["configs/gpu.pbtxt"]).name == "toy"


def test_an_ensemble_has_versions_without_a_file(both: Path) -> None:
    model = read_model(both)
    assert (model.weights, model.is_ensemble, model.hidden) == ({1: None}, True, ())
    (both / "1/model.onnx").write_bytes(onnx_bytes())
    with pytest.raises(BadInput, match=r"'both' has '1/model\.onnx', which is no part"):
        read_model(both)


def test_links_are_followed_to_what_is_checked(toy: Path, tmp_path: Path) -> None:
    """Stores of large files, such as git-annex, keep links in their place."""
    store = tmp_path / "store"
    store.mkdir()
    for name in ("1/model.onnx", "config.pbtxt", "1"):
        moved = (toy / name).rename(store / name.replace("/", "-"))
        if name != "1":
            (toy / name).symlink_to(moved)
        else:
            (toy / name).symlink_to(moved, target_is_directory=True)
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository/toy").symlink_to(toy)
    model = read_model(tmp_path / "repository/toy")
    assert model.name == "toy"
    file = model.weights[1]
    assert file is not None
    assert file.read_bytes() == onnx_bytes()


@pytest.mark.parametrize(
    "foreign",
    [
        "model.py",
        "1/model.py",
        "1/model.onnx.bak",
        "1/weights.bin",
        "1/sub/model.onnx",
        "01/model.onnx",
        "0/model.onnx",
        "1.5/model.onnx",
        "env.tar.gz",
        "configs/evil.py",
        "configs/deep/gpu.pbtxt",
        "pictures/evil.py",
        "pictures/deep/picture.png",
        "warmup/raw_data",
        "initial_state/zero",
        "labels.txt",
        "libcustom.so",
        "notes.txt",
        "triton_python_backend_stub",
    ],
)
def test_anything_else_is_refused_by_name(toy: Path, foreign: str) -> None:
    path = toy / foreign
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    top = "/".join(foreign.split("/")[: 2 if foreign[0] in "1cp" else 1])
    top = {"01/model.onnx": "01", "1.5/model.onnx": "1.5"}.get(top, top)
    with pytest.raises(BadInput, match="which is no part of a model") as caught:
        read_model(toy)
    assert f"'{top}'" in str(caught.value)


def test_a_pipe_a_folder_or_a_link_in_a_file_s_place_is_refused(
    toy: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    for name in ("card.md", "picture.png"):
        for make in (
            lambda path: os.mkfifo(path),
            lambda path: path.mkdir(),
            lambda path: path.symlink_to(secret),
            lambda path: path.symlink_to("nowhere"),
        ):
            make(toy / name)
            with pytest.raises(BadInput, match=f"has '{name}'"):
                read_model(toy)
            if (toy / name).is_dir():
                (toy / name).rmdir()
            else:
                (toy / name).unlink()
    for name in ("1/model.onnx", "config.pbtxt"):
        (toy / name).rename(tmp_path / "aside")
        os.mkfifo(toy / name)
        with pytest.raises(BadInput, match=r"lacks 1/model\.onnx|cannot be read"):
            read_model(toy)
        (toy / name).unlink()
        (tmp_path / "aside").rename(toy / name)


@pytest.mark.parametrize("name", ["-toy", ".toy", "to y", "tøy", "$(toy)", "a" * 201])
def test_a_name_that_is_not_plain_is_refused(toy: Path, name: str) -> None:
    (toy / "config.pbtxt").write_text('backend: "onnxruntime"')
    with pytest.raises(BadInput, match="is no name for a model"):
        read_model(toy.rename(toy.with_name(name)))


def test_what_is_missing_is_told(toy: Path) -> None:
    (toy / "1/model.onnx").unlink()
    with pytest.raises(BadInput, match=r"'toy' lacks 1/model\.onnx"):
        read_model(toy)
    shutil.rmtree(toy / "1")
    with pytest.raises(BadInput, match="'toy' has no version folder"):
        read_model(toy)
    (toy / "config.pbtxt").unlink()
    with pytest.raises(BadInput, match=r"config\.pbtxt cannot be read"):
        read_model(toy)


def test_a_configuration_without_end_is_refused(toy: Path) -> None:
    with (toy / "config.pbtxt").open("ab") as file:
        file.write(b"#" * 5_000_000)
    with pytest.raises(BadInput, match="more than 4 MB"):
        read_model(toy)


REFUSED = {
    'name: "other"': "its name is 'other', that of its folder 'toy'",
    'backend: "python"': 'it has backend "python"',
    'backend: "onnxruntime" platform: "pytorch_libtorch"': "are served",
    'backend: "onnxruntime" runtime: "model.py"': 'runtime "model.py"',
    'backend: "tensorrt"': "are served",
    'platform: "ensemble"': "it has 0 steps",
    'backend: "onnxruntime" ensemble_scheduling { step { model_name: "a" } }': "1 step",
    "": "are served",
}


@pytest.mark.parametrize("text", REFUSED)
@pytest.mark.parametrize("place", ["config.pbtxt", "configs/gpu.pbtxt"])
def test_other_backends_are_refused_wherever_they_stand(
    toy: Path, text: str, place: str
) -> None:
    (toy / "configs").mkdir()
    (toy / place).write_text(text)
    with pytest.raises(BadInput) as caught:
        read_model(toy)
    assert f"{toy / place} is refused" in str(caught.value)
    assert REFUSED[text] in str(caught.value)


def parameter(key: str, value: str) -> str:
    return f'parameters {{ key: "{key}" value {{ string_value: "{value}" }} }}'


def accelerator(name: str, key: str = "", value: str = "") -> str:
    more = f'parameters {{ key: "{key}" value: "{value}" }}' if key else ""
    return (
        "optimization { execution_accelerators { gpu_execution_accelerator "
        f'{{ name: "{name}" {more} }} }} }}'
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (parameter("EXECUTION_ENV_PATH", "/tmp/env.tar.gz"), "EXECUTION_ENV_PATH"),
        (parameter("session.register_custom_ops", "/e.so"), "register_custom_ops"),
        (parameter("session.save_model_format", "ORT"), "save_model_format"),
        (parameter("session.optimized_model_filepath", "/x"), "optimized_model"),
        (parameter("intra_op_thread_count", "/etc/passwd"), "intra_op_thread_count"),
        (parameter("shm-region-prefix-name", "other"), "shm-region-prefix-name"),
        (parameter("ep.context_file_path", "/x"), "ep.context_file_path"),
        (
            'default_model_filename: "../../other/1/model.onnx"',
            "default_model_filename",
        ),
        ('default_model_filename: "model.py"', "has to be model.onnx"),
        ('cc_model_filenames { key: "8.0" value: "/x" }', "cc_model_filenames"),
        ('model_operations { op_library_filename: "/x.so" }', "model_operations"),
        ('model_repository_agents { agents { name: "x" } }', "model_repository_agents"),
        (
            'model_warmup { inputs { key: "x" value { input_data_file: "/etc/x" } } }',
            "model_warmup.inputs.input_data_file",
        ),
        ('output { name: "y" label_filename: "/etc/x" }', "output.label_filename"),
        (
            'sequence_batching { state { initial_state { data_file: "/x" } } }',
            "sequence_batching",
        ),
        (accelerator("openvino"), "accelerator 'openvino'"),
        (accelerator("tensorrt", "trt_engine_cache_path", "/x"), "engine_cache_path"),
        (accelerator("tensorrt", "trt_engine_cache_path", "x"), "engine_cache_path"),
        (
            accelerator("tensorrt", "trt_extra_plugin_lib_paths", "/x.so"),
            "trt_extra_plugin_lib_paths",
        ),
        (accelerator("cuda", "tunable_op_tuning_enable", "1"), "tunable_op"),
        (accelerator("tensorrt", "precision_mode", "../x"), "precision_mode"),
        (
            "optimization { execution_accelerators { cpu_execution_accelerator "
            '{ name: "openvino" } } }',
            "cpu_execution_accelerator",
        ),
        ('instance_group { host_policy: "x" }', "instance_group.host_policy"),
        ("instance_group { count: 1000000 }", "1000000 instances"),
        ("model_transaction_policy { decoupled: true }", "model_transaction_policy"),
        ('batch_input { target_name: "x" }', "batch_input"),
    ],
)
def test_what_reads_or_runs_something_else_is_refused_by_name(
    toy: Path, text: str, named: str
) -> None:
    (toy / "config.pbtxt").write_text(CONFIG + text)
    with pytest.raises(BadInput, match="is refused") as caught:
        read_model(toy)
    assert named in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        parameter("intra_op_thread_count", "1"),
        parameter("session.intra_op.allow_spinning", "0"),
        parameter("amphitrite.spec.1", "{any: /text/ at all}"),
        'default_model_filename: "model.onnx"',
        accelerator("cuda", "gpu_mem_limit", "1000000"),
        accelerator("tensorrt", "precision_mode", "FP16"),
        "dynamic_batching { max_queue_delay_microseconds: 300000 }",
        "optimization { graph { level: -1 } }",
        "instance_group { kind: KIND_GPU count: 2 gpus: 0 }",
        'input { name: "x" data_type: TYPE_FP32 dims: 1 reshape { } }',
        "version_policy { latest { num_versions: 2 } }",
        "response_cache { enable: true }",
        'model_warmup { inputs { key: "x" value { random_data: true } } }',
    ],
)
def test_how_a_model_is_served_is_its_own_business(toy: Path, text: str) -> None:
    (toy / "config.pbtxt").write_text(CONFIG + text)
    assert parse_config(read_model(toy).texts["config.pbtxt"]) == parse_config(
        CONFIG + text
    )


def test_an_ensemble_names_no_other_space_of_names(both: Path) -> None:
    text = ENSEMBLE.replace("model_version: 1", 'model_namespace: "/other"')
    (both / "config.pbtxt").write_text(text)
    with pytest.raises(BadInput, match=r"ensemble_scheduling\.step\.model_namespace"):
        read_model(both)


def test_configurations_of_one_model_are_of_one_kind(both: Path) -> None:
    (both / "configs").mkdir()
    (both / "configs/gpu.pbtxt").write_text('backend: "onnxruntime"')
    with pytest.raises(BadInput, match="the configurations of 'both' differ"):
        read_model(both)


def test_an_onnx_file_that_needs_others_is_refused(toy: Path) -> None:
    # a graph with an initializer whose field 14, data_location, is 1
    (toy / "1/model.onnx").write_bytes(b"\x3a\x04\x2a\x02\x70\x01")
    with pytest.raises(BadInput, match="keeps weights in other files"):
        read_model(toy)
