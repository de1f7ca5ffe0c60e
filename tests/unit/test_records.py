"""Frozen keyword-only classes behave as the standard library's, whose making takes longer."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import field
from typing import ClassVar

import pytest

from auroraml.records import dataclass


@dataclass(frozen=True, kw_only=True)
class Base:
    """A field without a default."""

    label: ClassVar[str] = "base"
    a: int


@dataclass(frozen=True, kw_only=True)
class Derived(Base):
    """Defaults, a factory, a field that is not compared, one that is not given."""

    b: tuple[int, ...] = (1,)
    c: list[int] = field(default_factory=list, compare=False, repr=False)
    d: str = field(init=False, default="d")

    def __post_init__(self) -> None:
        object.__setattr__(self, "d", f"d{self.a}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """Compared by identity."""

    value: int = 0


def standard(cls: type, *, eq: bool = True) -> type:
    """The same class as dataclasses makes it."""
    names = {name: value for name, value in vars(cls).items() if name in ("__annotations__", "__post_init__", "label", "__module__", "__qualname__")}
    defaults = {f.name: f for f in dataclasses.fields(cls) if f.name in cls.__annotations__}
    plain = {n: field(default=f.default, default_factory=f.default_factory, init=f.init, compare=f.compare, repr=f.repr) for n, f in defaults.items()
             if f.default is not dataclasses.MISSING or f.default_factory is not dataclasses.MISSING}  # fmt: skip
    bases = tuple(standard(base) for base in cls.__bases__ if base is not object)
    return dataclasses.dataclass(frozen=True, kw_only=True, eq=eq)(type(cls.__name__, bases, {**names, **plain}))


def test_values_are_as_the_standard_library_makes_them() -> None:
    other = standard(Derived)
    for given in ({"a": 1}, {"a": 2, "b": (3, 4)}, {"a": 3, "c": [5]}):
        ours, theirs = Derived(**given), other(**given)
        assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
        assert repr(ours) == repr(theirs)
        assert hash(ours) == hash(theirs)
    assert [f.name for f in dataclasses.fields(Derived)] == [f.name for f in dataclasses.fields(other)]
    assert Derived(a=1).c is not Derived(a=1).c
    assert Derived.label == "base"


def test_equality_is_of_compared_fields_and_class() -> None:
    assert Derived(a=1, c=[1]) == Derived(a=1, c=[2])
    assert Derived(a=1) != Derived(a=2)
    assert Base(a=1) != Derived(a=1)
    assert Base(a=1) != object()
    assert len({Base(a=1), Base(a=1), Base(a=2)}) == 2
    assert Node() != Node()
    assert len({Node(), Node()}) == 2


@pytest.mark.parametrize("given", [{}, {"a": 1, "x": 2}, {"x": 2}, {"a": 1, "d": "d"}])
def test_wrong_arguments_are_type_errors(given: dict[str, int]) -> None:
    with pytest.raises(TypeError, match="argument"):
        Derived(**given)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="argument"):
        standard(Derived)(**given)


def test_fields_cannot_be_changed() -> None:
    value = Derived(a=1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'a'"):
        value.a = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'a'"):
        del value.a


def test_values_are_replaced_copied_and_pickled() -> None:
    value = dataclasses.replace(Base(a=1), a=5)
    assert value == Base(a=5)
    assert copy.deepcopy(value) == value
    assert pickle.loads(pickle.dumps(value)) == value
    with pytest.raises(ValueError, match="init=False"):
        dataclasses.replace(Derived(a=1), d="x")


def test_other_kinds_are_the_standard_ones() -> None:
    @dataclass
    class Plain:
        a: int

    @dataclass(frozen=True)
    class Positional:
        a: int

    plain = Plain(1)
    plain.a = 2
    assert plain == Plain(2)
    assert Positional(1) == Positional(1)
