import numpy as np

from amphitrite.files.columns import join_flags


def test_flags_are_joined_by_commas():
    found = join_flags(
        {"one": np.array([True, False, False]), "two": np.array([1, 1, 0], bool)}, 3
    )
    assert found.tolist() == ["one,two", "two", ""]
    assert join_flags({"one": True}, 2).tolist() == ["one", "one"]
    assert join_flags({"one": True}, 0).tolist() == []
