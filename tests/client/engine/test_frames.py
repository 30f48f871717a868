"""Frames come back as they were written, and only whole ones."""

import os

import numpy as np

from amphitrite.engine.frames import beginning, frames, is_cut_off, pack, read, unpack


def written(path, bodies):
    path.write_bytes(
        b"magic"
        + b"".join(
            beginning(number, key, body) + body
            for number, (key, body) in enumerate(bodies.items())
        )
    )
    return os.open(path, os.O_RDONLY)


def test_frames_come_back_in_their_order(tmp_path):
    bodies = {"a": b"one", "\udcff": b"", "c": b"three" * 1000}
    descriptor = written(tmp_path / "file", bodies)
    try:
        found = list(frames(descriptor, len(b"magic")))
        assert [frame.number for frame in found] == [0, 1, 2]
        assert {
            frame.key: read(descriptor, frame.at, frame.end - frame.at)
            for frame in found
        } == bodies
    finally:
        os.close(descriptor)


def test_the_same_arrays_are_the_same_bytes():
    arrays = {"x": np.arange(5.0), "name": np.array(["a", "bc"])}
    assert bytes(pack(arrays)) == bytes(pack(arrays))
    for name, array in unpack(bytes(pack(arrays))).items():
        np.testing.assert_array_equal(array, arrays[name])


def test_a_frame_without_its_end_is_cut_off():
    whole = beginning(0, "key", b"body") + b"body"
    assert not is_cut_off(whole)
    assert is_cut_off(whole[:-1])
    assert is_cut_off(whole[:5])
