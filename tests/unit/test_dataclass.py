# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our dataclasses do what the standard ones do, as far as they go."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, Tuple

import pytest

from _gate import dataclass as ours

DATACLASSES = pytest.mark.parametrize("module", [ours, dataclasses], ids=["ours", "the standard ones"])


def made(module: Any) -> Tuple[Any, Any, Any]:
    """A frozen class, one that is not, and one without fields."""

    @module.dataclass(frozen=True)
    class Point:
        x: int
        y: int = 0
        names: Tuple[str, ...] = ()

        @property
        def doubled(self) -> int:
            return self.x * 2

    @module.dataclass
    class Path:
        points: List[Point]
        marks: Dict[str, Any] = module.field(default_factory=dict)

    @module.dataclass(frozen=True)
    class Nothing:
        pass

    return Point, Path, Nothing


@DATACLASSES
def test_values_are_given_by_place_and_by_name_with_defaults(module: Any) -> None:
    point, _path, nothing = made(module)
    assert (point(1).x, point(1).y, point(1).names, point(1).doubled) == (1, 0, (), 2)
    assert point(1, names=("a",), y=2) == point(1, 2, ("a",))
    assert nothing() == nothing()
    assert bool(nothing())


@DATACLASSES
@pytest.mark.parametrize(
    "values, named",
    [((), {}), ((1, 2, (), 4), {}), ((1,), {"z": 1}), ((1,), {"x": 1}), ((), {"z": 1}), ((), {"z": 1, "y": 2})],
)
def test_too_few_too_many_and_unknown_values_are_refused(module: Any, values: Any, named: Any) -> None:
    with pytest.raises(TypeError):
        made(module)[0](*values, **named)


@DATACLASSES
def test_a_frozen_one_cannot_be_changed_and_can_be_a_key(module: Any) -> None:
    point, path, _nothing = made(module)
    for change in (lambda: setattr(point(1), "x", 2), lambda: delattr(point(1), "x")):
        with pytest.raises(AttributeError):
            change()
    assert {point(1, 2): "here"}[point(1, 2)] == "here"
    with pytest.raises(TypeError):
        hash(path([]))


@DATACLASSES
def test_each_has_collections_of_its_own_and_may_be_changed(module: Any) -> None:
    _point, path, _nothing = made(module)
    one, other = path([]), path([])
    one.marks["a"] = 1
    one.points = [2]
    assert (other.marks, other.points) == ({}, [])
    assert one != other


@DATACLASSES
def test_equal_means_the_same_class_and_the_same_values(module: Any) -> None:
    point, _path, _nothing = made(module)
    assert point(1) == point(1)
    assert point(1) != point(2)
    assert point(1) != (1, 0, ())
    assert made(module)[0](1) != point(1)


@DATACLASSES
def test_fields_of_the_base_class_come_first(module: Any) -> None:
    point, _path, _nothing = made(module)

    @module.dataclass(frozen=True)
    class Named(point):  # type: ignore[misc, valid-type]
        name: str = "origin"
        y: int = 7

    assert Named(1) == Named(1, 7, (), "origin")
    assert Named(1) != point(1, 7) and isinstance(Named(1), point)
    assert module.replace(Named(1, name="a"), x=2).name == "a"
    assert {Named(1): "here"}[Named(1)] == "here"


@DATACLASSES
def test_it_is_shown_by_name(module: Any) -> None:
    assert repr(made(module)[0](1)).endswith("Point(x=1, y=0, names=())")


@DATACLASSES
@pytest.mark.parametrize("helper", [ours, dataclasses], ids=["our function", "the standard function"])
def test_copies_with_changes_and_mappings(module: Any, helper: Any) -> None:
    point, path, _nothing = made(module)
    assert helper.replace(point(1, 2), x=3) == point(3, 2)
    with pytest.raises(TypeError):
        helper.replace(point(1), z=3)
    whole = path([point(1, 2, ("a",))], {"p": point(3), "l": [point(4)]})
    assert helper.asdict(whole) == {
        "points": [{"x": 1, "y": 2, "names": ("a",)}],
        "marks": {"p": {"x": 3, "y": 0, "names": ()}, "l": [{"x": 4, "y": 0, "names": ()}]},
    }
    assert list(helper.asdict(point(y=1, x=2))) == ["x", "y", "names"]
    assert helper.asdict(whole)["marks"] is not whole.marks


def test_the_standard_functions_know_them() -> None:
    _point, path, _nothing = made(ours)
    assert dataclasses.is_dataclass(path)
    assert [field.name for field in dataclasses.fields(path)] == ["points", "marks"]
    assert dataclasses.fields(path)[1].default_factory is dict
