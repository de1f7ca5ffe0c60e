"""Functions and methods chosen by class: as functools chooses them, whenever and however they are entered."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from auroraml.dispatch import by_class, singledispatch


@singledispatch
def named(value: object) -> str:
    """What a value is called."""
    return "object"


@named.register
def _(value: int | Decimal) -> str:
    return "number"


@named.register
def _(value: Sequence) -> str:  # type: ignore[type-arg] # an abstract class
    return "sequence"


@named.register
def _(value: None) -> str:
    return "nothing"


named.register(float, lambda value: "float")


class Namer:
    """The same by methods."""

    @by_class
    def named(self, value: object) -> str:
        """What a value is called."""
        return "object"

    @named.register
    def _(self, value: int | Decimal) -> str:
        return "number"

    @named.register
    def _(self, value: Sequence) -> str:  # type: ignore[type-arg] # an abstract class
        return "sequence"

    @named.register
    def _(self, value: None) -> str:
        return "nothing"


@pytest.mark.parametrize(
    ("value", "name"),
    [(1, "number"), (True, "number"), (Decimal(1), "number"), ([1], "sequence"), ("x", "sequence"), (None, "nothing"), (2.5j, "object")],
)
def test_the_nearest_class_chooses(value: object, name: str) -> None:
    assert named(value) == Namer().named(value) == name


def test_what_is_entered_later_is_chosen_from_then_on() -> None:
    class Own(int):
        pass

    assert named(1.5) == "float"
    assert named(Own()) == "number"
    named.register(Own, lambda value: "own")
    assert named(Own()) == "own"
    assert named(1) == "number"
    assert named.__doc__ == "What a value is called."
