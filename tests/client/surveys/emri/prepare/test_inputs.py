"""Files become a stream that is ready to be searched, or are refused."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from red_noise import red_noise

from amphitrite.errors import BadInput
from amphitrite.surveys.emri.page import ESTIMATE
from amphitrite.surveys.emri.prepare.inputs import opened
from amphitrite.surveys.emri.prepare.noise_curve import NoiseCurve, tianqin
from amphitrite.surveys.emri.prepare.whitening import whiten
from amphitrite.surveys.emri.sampling import CHANNELS, N_SAMPLES, SAMPLE_SECONDS

N = N_SAMPLES + 5000


@pytest.fixture(scope="module")
def strain():
    return red_noise(6, 2 * N)[:, :N]


def write(path, strain, *, t0=0.0):
    with h5py.File(path, "w") as file:
        for name, row in zip(CHANNELS, strain, strict=True):
            file.create_dataset(name, data=row).attrs.update(
                {"dt": SAMPLE_SECONDS, "t0": t0}
            )
    return path


def test_a_file_is_a_stream(strain, tmp_path):
    stream = opened([write(tmp_path / "a.h5", strain)], CHANNELS)
    (stretch,) = stream.stretches
    np.testing.assert_array_equal(stretch.values, strain)
    assert stream.curves == (tianqin, tianqin)
    assert stream.days == pytest.approx(N * 30 / 86_400)
    assert (stream.zero, stream.skipped, stream.made.made) == ("", {}, [])
    assert [name for name, _ in stream.files] == ["a.h5"]


def test_parts_are_one_stream_and_what_is_bridged_is_said(strain, tmp_path):
    paths = [
        write(tmp_path / "b.h5", strain[:, 1010:], t0=1010 * SAMPLE_SECONDS),
        write(tmp_path / "a.h5", strain[:, :1000]),
    ]
    stream = opened(paths, CHANNELS)
    (stretch,) = stream.stretches
    assert stretch.missing.sum() == 10
    (said,) = stream.made.made
    assert said.startswith(f"10 of {N:,} samples are missing and were bridged")


def test_a_file_that_cannot_be_read_is_left_out(strain, tmp_path):
    (tmp_path / "bad.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    good = write(tmp_path / "a.h5", strain)
    stream = opened([tmp_path / "bad.h5", good], CHANNELS)
    assert list(stream.skipped) == [str(tmp_path / "bad.h5")]
    with pytest.raises(BadInput, match="cannot be read as HDF5"):
        opened([tmp_path / "bad.h5"], CHANNELS)
    with pytest.raises(BadInput, match="none of the 2 files can be used; the first"):
        opened([tmp_path / "bad.h5", tmp_path / "none.h5"], CHANNELS)


def test_faster_sampling_is_brought_to_30_s_and_said(strain, tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, I=np.repeat(strain[0], 2), II=np.repeat(strain[1], 2), dt=15.0)
    stream = opened([path], CHANNELS)
    assert stream.stretches[0].values.shape == (2, N)
    assert stream.made.made == [
        "samples at steps of 15 s were filtered and brought to steps of 30 s"
    ]


def test_the_noise_curve_may_be_estimated(strain, tmp_path):
    stream = opened([write(tmp_path / "a.h5", strain)], CHANNELS, psd=ESTIMATE)
    assert all(isinstance(curve, NoiseCurve) for curve in stream.curves)
    assert "hides itself" in stream.made.made[0]


def test_whitened_strain_needs_no_curve(strain, tmp_path):
    white = write(tmp_path / "a.h5", whiten(strain))
    stream = opened([white], CHANNELS, whitened=True)
    assert stream.curves is None
    with pytest.raises(BadInput, match="seems to be whitened"):
        opened([white], CHANNELS)
    with pytest.raises(BadInput, match="the strain is not white"):
        opened([write(tmp_path / "b.h5", strain)], CHANNELS, whitened=True)


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        ((1e20, 1e20), "channel I has an amplitude of 1e\\+20"),
        ((1.0, 1e-3), "channel II has an amplitude of 0.00099"),
    ],
)
def test_strain_in_another_unit_is_refused(strain, tmp_path, factor, said):
    path = write(tmp_path / "a.h5", strain * np.array(factor)[:, None])
    with pytest.raises(BadInput, match=said):
        opened([path], CHANNELS)


def test_a_stream_that_is_too_short_is_refused(strain, tmp_path):
    path = write(tmp_path / "a.h5", strain[:, : N_SAMPLES - 1])
    with pytest.raises(BadInput, match=r"no stretch of 91\.02 d"):
        opened([path], CHANNELS)
