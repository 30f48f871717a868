"""ONNX files that need nothing but themselves, and those that do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from amphitrite.errors import BadInput
from amphitrite.server.selfcheck import onnx_bytes
from amphitrite.triton import self_contained
from amphitrite.triton.self_contained import check_self_contained

REPOSITORY = Path(__file__).resolve().parents[3] / "model_repository"


@pytest.fixture
def onnx() -> Any:
    return pytest.importorskip("onnx", reason="needs the export extra")


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    return path


def test_a_small_model_and_all_that_are_shipped_are_self_contained(
    tmp_path: Path,
) -> None:
    check_self_contained(write(tmp_path, onnx_bytes()))
    files = list(REPOSITORY.glob("*/*/model.onnx"))
    assert len(files) >= 7
    for file in files:
        check_self_contained(file)


def test_every_place_of_a_tensor_or_an_operator_is_looked_at(onnx: Any) -> None:
    """Compare what is looked at with ONNX's own description of its messages."""

    def compare(message: Any, descriptor: Any, seen: set[str]) -> None:
        if descriptor.name in seen:
            return
        seen.add(descriptor.name)
        for field in descriptor.fields:
            if field.message_type is None:
                continue
            part = message.parts.get(field.number)
            assert (part is not None) == leads(field.message_type, set()), field.name
            if part is not None:
                compare(part, field.message_type, seen)

    def leads(descriptor: Any, seen: set[str]) -> bool:
        """Tell whether a message can hold a tensor or an operator."""
        if descriptor.name in ("TensorProto", "NodeProto"):
            return True
        if descriptor.name in seen:
            return False
        seen.add(descriptor.name)
        return any(
            leads(field.message_type, seen)
            for field in descriptor.fields
            if field.message_type is not None
        )

    seen: set[str] = set()
    compare(self_contained._MODEL, onnx.ModelProto.DESCRIPTOR, seen)
    assert {"TensorProto", "NodeProto", "FunctionProto", "TrainingInfoProto"} <= seen
    fields = onnx.TensorProto.DESCRIPTOR.fields_by_name
    assert (fields["external_data"].number, fields["data_location"].number) == (13, 14)
    assert onnx.NodeProto.DESCRIPTOR.fields_by_name["domain"].number == 7
    assert onnx.ModelProto.DESCRIPTOR.fields_by_name["metadata_props"].number == 14


def external(onnx: Any, location: str) -> Any:
    tensor = onnx.TensorProto(name="w", data_type=1, dims=[4])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return tensor


@pytest.mark.parametrize("location", ["weights.bin", "../../../secret", "/etc/passwd"])
@pytest.mark.parametrize("place", ["initializer", "attribute", "loop", "sparse"])
def test_weights_in_other_files_are_refused(
    tmp_path: Path, onnx: Any, location: str, place: str
) -> None:
    model = onnx.load_from_string(onnx_bytes())
    graph, tensor = model.graph, external(onnx, location)
    if place == "initializer":
        graph.initializer.append(tensor)
    elif place == "attribute":
        graph.node.append(onnx.helper.make_node("Constant", [], ["c"], value=tensor))
    elif place == "sparse":
        graph.sparse_initializer.add().values.CopyFrom(tensor)
    else:
        body = onnx.GraphProto(name="body", initializer=[tensor])
        inner = onnx.helper.make_node("If", ["x"], ["y"], then_branch=body)
        outer = onnx.GraphProto(name="outer", node=[inner])
        graph.node.append(onnx.helper.make_node("Loop", ["x"], ["z"], body=outer))
    path = write(tmp_path, model.SerializeToString())
    with pytest.raises(BadInput, match=r"model\.onnx keeps weights in other files"):
        check_self_contained(path)


def test_operators_of_another_make_are_refused(tmp_path: Path, onnx: Any) -> None:
    model = onnx.load_from_string(onnx_bytes())
    model.graph.node[0].domain = "ai.onnx"
    check_self_contained(write(tmp_path, model.SerializeToString()))
    model.graph.node[0].domain = "com.evil"
    with pytest.raises(BadInput, match=r"has operators of 'com\.evil'"):
        check_self_contained(write(tmp_path, model.SerializeToString()))


def test_settings_inside_a_file_are_refused(tmp_path: Path, onnx: Any) -> None:
    model = onnx.load_from_string(onnx_bytes())
    model.metadata_props.add(key="ort_config", value="{}")
    with pytest.raises(BadInput, match="settings of ONNX Runtime"):
        check_self_contained(write(tmp_path, model.SerializeToString()))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"no ONNX", "no ONNX file, or is damaged"),
        (onnx_bytes()[:-5], "no ONNX file, or is damaged"),
        (b"\x08\x08", "it has no graph"),
        (b"\x18\0\0\0ORTM" + bytes(40), "ONNX Runtime's own format"),
        (b"\xff" * 20, "no ONNX file, or is damaged"),
        (b"\x0b" * 20, "a field is of the kind 3"),
        (b"\x3a\xff\xff\xff\xff\x0f", "longer than what holds it"),
    ],
)
def test_what_is_no_model_is_refused(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    with pytest.raises(BadInput, match=reason):
        check_self_contained(write(tmp_path, content))


def size(content: bytes) -> bytes:
    """Encode the length of some bytes as protobuf does."""
    number, text = len(content), b""
    while number > 0x7F:
        text += bytes([number & 0x7F | 0x80])
        number >>= 7
    return text + bytes([number])


def test_graphs_within_graphs_are_followed_without_end(tmp_path: Path) -> None:
    content = b"\x2a\x02\x70\x01"  # a graph with weights in another file
    for _ in range(3000):
        for tag in (b"\x32", b"\x2a", b"\x0a"):  # attribute's g, node's, graph's
            content = tag + size(content) + content
    path = write(tmp_path, b"\x3a" + size(content) + content)
    with pytest.raises(BadInput, match="keeps weights in other files"):
        check_self_contained(path)


def test_a_file_of_endless_small_fields_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(self_contained, "MOST_FIELDS", 5)
    with pytest.raises(BadInput, match="more than 5 fields"):
        check_self_contained(write(tmp_path, onnx_bytes()))
