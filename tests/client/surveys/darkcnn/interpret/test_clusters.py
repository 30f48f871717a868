"""What is kept of clusters, and that each name counts once."""

from __future__ import annotations

import numpy as np

from amphitrite.files.choices import Choices
from amphitrite.surveys.darkcnn.interpret.clusters import Clusters, once
from amphitrite.surveys.darkcnn.prepare.reading import Reading
from amphitrite.surveys.darkcnn.prepare.tensors import prepared


def test_prepared_clusters_are_described(cluster, density):
    rng = np.random.default_rng(1)
    noisy = density() + rng.normal(0, 5e8, (100, 100))
    given = [
        cluster({"total": noisy, "stars": density(core=20.0)}),
        cluster({"total": density() / density().max()}, name="B", unit="maximum"),
    ]
    found = Clusters.of(
        [
            (f"f, cluster {n + 1}", (0, n), prepared(each, Reading(), Choices()))
            for n, each in enumerate(given)
        ]
    )
    assert found.name.tolist() == ["A1", "B"]
    assert found.kinds == ["total+stars", "relative total"]
    assert found.relative.tolist() == [False, True]
    # 5e8 Msun/kpc2 are 0.22; the median of 7000 pixels
    np.testing.assert_allclose(found.noise, [0.219, 0], rtol=0.06)
    assert np.isnan(found.mass).tolist() == [False, True]
    assert np.isnan(found.score).all()
    assert found.profile.shape == (2, 12)


def test_clusters_are_joined_and_taken(judged_clusters):
    parts = [judged_clusters([0.1, 0.2]), Clusters.of([]), judged_clusters([0.3])]
    joined = Clusters.joined([part.to_arrays() for part in parts])
    np.testing.assert_array_equal(joined.score, [0.1, 0.2, 0.3])
    assert joined.take([2, 0]).score.tolist() == [0.3, 0.1]
    assert joined.flagged("relative").tolist() == [False] * 3


def test_the_second_of_a_name_is_left_out(judged_clusters):
    names = np.array(["A", "B", "A"])
    found, left_out = once(judged_clusters([0.1, 0.2, 0.3], name=names))
    assert found.score.tolist() == [0.1, 0.2]
    ((label, why),) = left_out.items()
    assert label == "a.npz, cluster 3"
    assert "two clusters named 'A', here and in a.npz, cluster 1" in why
