"""Answers of the networks as they are kept for each peak."""

import numpy as np

from amphitrite.surveys.asid.interpret.descriptions import describe


def test_variances_of_both_kinds_add_up_and_coordinates_are_averaged():
    outputs = {
        "log10_flux": np.array([-9.0, np.nan]),
        "flux_variance": np.array([[0.01, 0.04], [np.nan, np.nan]]),
        "p_fake": np.array([0.25, np.nan]),
        "offset": np.array([[0.1, 0.2], [np.nan, np.nan]]),
        # aleatoric, then epistemic, each along the row and along the column
        "offset_variance": np.array(
            [[[0.001, 0.002], [0.004, 0.009]], np.full((2, 2), np.nan)]
        ),
    }
    kept = describe(outputs, 1)
    np.testing.assert_allclose(kept["flux_variance"], [0.05])
    # (0.001 + 0.004 + 0.002 + 0.009) / 2
    np.testing.assert_allclose(kept["offset_variance"], [0.008])
    assert kept["offset"].tolist() == [[0.1, 0.2]]
    assert (kept["log10_flux"][0], kept["p_fake"][0]) == (-9.0, 0.25)
