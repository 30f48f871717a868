"""Pickles of numpy 1 and 2 are read, and nothing that they may name is run."""

from __future__ import annotations

import base64
import copyreg
import pickle
import pickletools
import struct
import zlib

import numpy as np
import pytest

from amphitrite.errors import BadInput
from amphitrite.surveys.darkcnn.prepare import pickles
from amphitrite.surveys.darkcnn.prepare.pickles import load

# What `database()` makes, written by numpy 1.26.4 with protocol 3, that of Python 3.7.
NUMPY_1 = (
    "eNp1ks1PE0EYxre0YKmgRVERv79X0UoLKiq6aOsHrBRdRNePBnfbhWnsB8/uNKGJJF5o7R/iRc7evXjx"
    "ZExMjImJGjVq1Hj0pjO7s0oPzmZ3531m5p3f+8zcDy5AkvWgJElOvohABi1elEyNI6i3st7kaGo8jpDl"
    "BgXDtApozZYqxblqLFu2rVixUqB5w7aNamTatrLlkkPtSpZG0ObNipRy3ihWqNIiwsmAifY6IhpWympA"
    "bVlEh5iYo9U5K4JOvYXtNDOEVY0HdazWEJXVoB5g2jC60un02G/W3I8qUawxG8mo1NR+KlhL0W3qYRbY"
    "Vs4h+RmKdRmsl/8D7mSNgmFHsIFEk2EvyXMFPTVs1NBLei29nSnZQsWhlj2awibSRtxiNhNWyRYNW0Ul"
    "24gHPxXHdg6/Q8NOBk84thpiT5hiFwMOx9mkBHuxm2KPqXex7ixDmK9OZw1qFMqzFcvB3gz2ycS3kXkr"
    "fJT51vv51gc09ImtD5LOfxPLdi6CQ5wgpuGwb9899Kf1EOsUDcdB3NVKSLjS3Xwph4E6BhdwRCZxElWl"
    "Go6ShCgoP4hjPN2QhuN+Qc3ncMJUwzWcJAO+BQkM8xWnNJz+a0HYs0Ax1Y4aRipqN2PvoTjDLJE9238p"
    "fLHRdJ6hEX4jTRHhLEXSJH3ehSzm560cUv6BnOOunNdwgbsSXMRFQTMxhFFOM6ZB5TT9zfwKxSWzkcG4"
    "7JpiIK0G0hbFhFnJ4LLsZ7/Cs2saJl3P2ROs4yqJNpJ3fNQptz1UvP9jxVOfiPipsvSIt2eKf8e8+IUY"
    "fyn0V0J/LfQ3CqYorpk+x3XOoWu4sYzj5jKOt2LdO5Hnvcj7Qegfhf5J6J+F/kXoX4X+Tejfhf5DwS2K"
    "26ZVQyb2BxNfSaI="
)


def database():
    """Return parameters and images as the original's database has them."""
    galaxies = np.rec.array(
        [(1.5, 2, "a"), (2.5, 3, "b")],
        dtype=[("mass", "f8"), ("n", "i4"), ("kind", "U2")],
    )
    params = {
        "sim": ["CDM", "SIDM1"],
        "label": np.array([0.0, 1.0]),
        "redshift": [np.float64(0.25)] * 2,
        "clusterID": np.array(["1", "2"]),
        "galaxy_catalogues": [galaxies] * 2,
        "mixed": np.array(["a", 1, None], dtype=object),
    }
    return params, list(np.arange(24).reshape(2, 2, 2, 3) / 24)


def check(found):
    """Check that what was read is `database()`."""
    params, images = found
    np.testing.assert_array_equal(images, np.arange(24).reshape(2, 2, 2, 3) / 24)
    assert params["sim"] == ["CDM", "SIDM1"]
    assert params["label"].tolist() == [0, 1]
    assert params["redshift"] == [0.25, 0.25]
    assert params["clusterID"].tolist() == ["1", "2"]
    assert params["galaxy_catalogues"][1]["kind"].tolist() == ["a", "b"]
    assert params["galaxy_catalogues"][1]["n"].tolist() == [2, 3]
    assert params["mixed"].tolist() == ["a", 1, None]


def write(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_of_the_numpy_at_hand(tmp_path, protocol):
    check(load(write(tmp_path / "a.pkl", pickle.dumps(database(), protocol))))


def test_a_file_of_numpy_1(tmp_path):
    content = zlib.decompress(base64.b64decode("".join(NUMPY_1)))
    assert b"numpy.core.multiarray" in content
    check(load(write(tmp_path / "a.pkl", content)))


@pytest.mark.parametrize("core", [b"numpy.core.", b"numpy._core."])
def test_both_spellings_of_the_modules(tmp_path, core):
    """Protocol 2 has names as lines, which may be written anew."""
    content = pickle.dumps(database(), 2)
    for other in (b"numpy.core.", b"numpy._core."):
        content = content.replace(b"c" + other, b"c" + core)
    assert b"c" + core in content
    check(load(write(tmp_path / "a.pkl", content)))


def test_the_module_spelled_anew_where_names_have_lengths(tmp_path):
    """Protocol 4: as numpy 1 would have written it, the names' lengths with them."""
    content = pickle.dumps(database(), 4)[11:]  # without the protocol and the frame
    for old, new in (("numpy._core.multiarray", "numpy.core.multiarray"),):
        content = content.replace(text(old), text(new))
    assert b"numpy.core.multiarray" in content
    assert b"_core" not in content
    check(load(write(tmp_path / "a.pkl", b"\x80\x04" + content)))


def text(value):
    """Return a short text as an instruction."""
    return b"\x8c" + bytes([len(value)]) + value.encode()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(4, dtype=">i2"),
        np.zeros((0, 3), np.float32),
        np.array(True),
        np.array([b"ab", b"c"]),
        np.array([1 + 2j]),
        np.zeros(2, [("a", "f4", (2,)), ("b", "u1")]),
    ],
    ids=lambda array: f"{array.dtype.str}{array.shape}",
)
@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_arrays_of_every_kind(tmp_path, array, protocol):
    found = load(write(tmp_path / "a.pkl", pickle.dumps(array, protocol)))
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


# ---------------------------------------------------------------- what must not run

MARKER = "ran"


@pytest.fixture
def marker(tmp_path, monkeypatch):
    """A file that appears where something was run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / MARKER


class Reduced:
    """Is loaded by calling os.system."""

    def __reduce__(self):
        import os

        return os.system, (f"touch {MARKER}",)


def state_that_runs():
    """Return a pickle of a class whose state is set by exec: BUILD calls it."""
    source = f"open('{MARKER}', 'w').close()"
    called = b"cbuiltins\nexec\n(V" + source.encode() + b"\ntR"
    return b"\x80\x02(dV__setstate__\ncbuiltins\nexec\nsb" + b"0" + called + b"."


SYSTEM = f"V touch {MARKER}\n".encode()
LIVE = {
    "REDUCE": pickle.dumps(Reduced(), 2),
    "REDUCE, protocol 4": pickle.dumps(Reduced(), 4),
    "GLOBAL": b"cos\nsystem\n(" + SYSTEM + b"tR.",
    "GLOBAL of a nested name": b"\x80\x04cnumpy\nf2py.os.system\n(" + SYSTEM + b"tR.",
    "STACK_GLOBAL": b"\x80\x04" + text("posix") + text("system") + b"\x93("
    b"" + SYSTEM + b"tR.",
    "INST": b"(" + SYSTEM + b"ios\nsystem\n.",
    "OBJ": b"(cos\nsystem\n" + SYSTEM + b"o.",
    "inside an array": pickle.dumps(np.array([Reduced()], dtype=object), 3),
    "inside a database": pickle.dumps(({"id": [1]}, [Reduced()]), 3),
    "BUILD": state_that_runs(),
}


@pytest.mark.parametrize("name", LIVE)
def test_nothing_in_a_malicious_file_is_run(tmp_path, marker, name):
    path = write(tmp_path / "a.pkl", LIVE[name])
    with pytest.raises(BadInput, match=r"a\.pkl holds .*; nothing in it was run"):
        load(path)
    assert not marker.exists()


@pytest.mark.parametrize("name", ["REDUCE", "GLOBAL", "STACK_GLOBAL", "INST", "OBJ"])
def test_the_malicious_files_are_malicious(marker, name):
    """Python's own pickle runs what they hold."""
    pickle.loads(LIVE[name])
    assert marker.exists()


def test_the_registry_of_extensions_is_not_asked(tmp_path, marker):
    import os

    copyreg.add_extension("os", "system", 0x7A)
    try:
        content = b"\x80\x02\x82\x7a(" + SYSTEM + b"tR."
        assert os.system is pickle.loads(b"\x80\x02\x82\x7a.")
        path = write(tmp_path / "a.pkl", content)
        with pytest.raises(BadInput, match="holds the instruction EXT1"):
            load(path)
    finally:
        copyreg.remove_extension("os", "system", 0x7A)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Pwho\n.", "the instruction PERSID"),
        (b"\x80\x02U\x03whoQ.", "the instruction BINPERSID"),
        (b"\x80\x04\x8f.", "the instruction EMPTY_SET"),
        (b"\x80\x02cnumpy\nndarray\n)\x81.", "the instruction NEWOBJ"),
        (b"cnumpy\nload\n.", "the name numpy.load,"),
        (b"cnumpy.core.multiarray\nfromfile\n.", "numpy.core.multiarray.fromfile"),
        (b"cnumpy\nndarray.__class__\n.", "the name numpy.ndarray.__class__"),
        (b"c\x1b[31mred\nx\n.", r"the name \\x1b\[31mred.x"),
        (b"}(K\x01K\x02db.", "a state for what is no array"),
        (b"(lVx\nR.", "a call of what is no constructor"),
        (b"}))s.", "a key that is no text or number"),
        (b"(" * 200 + b".", "more than 100 containers"),
    ],
)
def test_what_is_not_admitted_is_named(tmp_path, content, said):
    with pytest.raises(BadInput, match=said):
        load(write(tmp_path / "a.pkl", content))


# ------------------------------------------------------------------ sizes that are lies


def array(shape, raw, dtype=b"f8"):
    """Return a pickle of an array that states a shape."""
    lengths = b"".join(b"\x8a\x08" + struct.pack("<q", n) for n in shape)
    return (
        b"\x80\x03cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b"
        b"\x87R(K\x01("
        + lengths
        + b"tcnumpy\ndtype\nX"
        + struct.pack("<I", len(dtype))
        + dtype
        + b"K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00"
        b"tb\x89" + raw + b"tb."
    )


BYTES = b"C\x08" + bytes(8)


def test_the_sizes_of_an_honest_array(tmp_path):
    assert load(write(tmp_path / "a.pkl", array((1,), BYTES))).tolist() == [0]


@pytest.mark.parametrize(
    "content",
    [
        array((1 << 40,), BYTES),
        array((1 << 40, 0, 1), BYTES),
        array((-1,), BYTES),
        array((1 << 40,), BYTES, b"S0"),
        array((1 << 40,), b"C\x00", b"S0"),
        array((1 << 40,), b"C\x00", b"V0"),
        array((1 << 40,), b"]", b"O8"),
        array((1,), BYTES, b"f8000000"),
        array((1,), BYTES, b"S99999999"),
        array((1,) * 9, BYTES),
        b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"x.",
        b"\x80\x04\x8d" + struct.pack("<Q", 1 << 40) + b"x.",
        b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b"x.",
        b"\x80\x02\x8b" + struct.pack("<i", (1 << 31) - 1) + b"x.",
        b"\x80\x02B" + struct.pack("<I", (1 << 32) - 1) + b"x.",
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I1000000000000\ntVb\n"
        b"tR.",
    ],
)
def test_a_size_that_is_only_stated_takes_no_memory(tmp_path, content):
    with pytest.raises(BadInput, match="cannot be read as a pickle of maps, or is dam"):
        load(write(tmp_path / "a.pkl", content))


def test_a_memory_number_takes_no_memory(tmp_path):
    """Python's own would make room for four thousand million entries."""
    content = b"\x80\x02]r" + struct.pack("<I", (1 << 32) - 1) + b"."
    assert load(write(tmp_path / "a.pkl", content)) == []


def doubled(n):
    """Return a tuple that holds two of one that holds two, and so on, n times."""
    return b"\x80\x02)" + b"2\x86" * n


@pytest.mark.parametrize(
    "content",
    [
        doubled(100) + b"q\x010}h\x01K\x01s.",  # its hash takes 2^100 steps
        b"\x80\x02)" + b"\x85" * 200_000 + b"q\x010}h\x01K\x01s.",  # or a deep stack
        doubled(100) + b"q\x01h\x01\x93.",
        doubled(100) + b"Vx\n\x93.",
    ],
)
def test_nested_containers_are_refused_at_once_where_they_would_be_hashed(
    tmp_path, content
):
    with pytest.raises(BadInput):
        load(write(tmp_path / "a.pkl", content))


@pytest.mark.parametrize("value", [b"]" + b"\x85" * 200_000, b")" + b"2\x86" * 60])
def test_deep_nesting_alone_costs_nothing(tmp_path, value):
    assert load(write(tmp_path / "a.pkl", b"\x80\x02" + value + b".")) is not None


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", b"\x80\x03", b"\x80\x03]", b".", b"0.", b"h\x05.", b"\x80\x03(t"],
)
def test_damaged_files_are_refused(tmp_path, content):
    with pytest.raises(BadInput, match="cannot be read as a pickle of maps"):
        load(write(tmp_path / "a.pkl", content))


def test_every_cut_of_a_file_is_refused(tmp_path):
    content = pickle.dumps(database(), 3)
    assert pickletools.optimize(content)  # it is whole
    for end in range(0, len(content) - 1, 37):
        with pytest.raises(BadInput):
            load(write(tmp_path / "a.pkl", content[:end]))


def test_changed_bytes_do_no_harm(tmp_path):
    """Whatever a byte becomes, the file is read or refused."""
    rng = np.random.default_rng(8)
    content = pickle.dumps(database(), 3)
    for place in rng.integers(0, len(content), 400):
        changed = bytearray(content)
        changed[place] = rng.integers(256)
        path = write(tmp_path / "a.pkl", bytes(changed))
        try:
            load(path)
        except BadInput:
            pass


def test_a_file_that_is_too_large_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(pickles, "MOST_BYTES", 5)
    with pytest.raises(BadInput, match="has 6e-09 GB, more than the 5e-09 GB"):
        load(write(tmp_path / "a.pkl", b"]" * 6))


def test_no_file_is_named(tmp_path):
    with pytest.raises(BadInput, match="there is no file"):
        load(tmp_path / "none.pkl")
