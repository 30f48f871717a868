"""Curves are drawn in their panels."""

from __future__ import annotations

import numpy as np
import pytest

from amphitrite_training.diagrams.curves import Curve, Panel, curves

pytest.importorskip("matplotlib", reason="diagrams need the plots extra")

X = np.array([0.0, 1.0, 2.0, 4.0])
Y = np.array([1.0, -1.0, np.nan, 8.0])


def points(axes, label):
    (container,) = (each for each in axes.containers if each.get_label() == label)
    return container.lines[0].get_xydata().tolist()


def test_what_cannot_be_drawn_is_left_out():
    both = {
        "linear": Panel({"a": Curve(X, Y, "red", "o", np.full(4, 0.5))}, "x", "y"),
        "logarithmic": Panel({"a": Curve(X, Y, "red")}, "x", "y", "log", "log"),
    }
    figure = curves(both, title="T", columns=2)
    left, right = figure.axes
    assert figure.get_suptitle() == "T"
    assert points(left, "a") == [[0, 1], [1, -1], [4, 8]]
    assert points(right, "a") == [[4, 8]]
    assert (right.get_xscale(), right.get_yscale()) == ("log", "log")
    assert left.get_xlabel() == "x"


def test_marks_and_the_diagonal_are_drawn():
    panel = Panel(
        {"a": Curve(X, X, "red")},
        *("x", "y"),
        marks={"here": (1.5, ":")},
        diagonal="equal",
        limits=(0, 3),
    )
    (axes, empty) = curves({"one": panel}, title="T", columns=2).axes
    labels = [line.get_label() for line in axes.lines]
    assert "here" in labels
    assert "equal" in labels
    assert axes.get_xlim() == (0, 3)
    assert not empty.axison
