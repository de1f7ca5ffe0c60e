"""Frozen keyword-only classes behave as the standard library's, whose making takes longer."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import threading
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


@dataclass(kw_only=True)
class Changing:
    """What may change: a default, a factory, a field that is not given."""

    a: int
    b: str = "b"
    c: list[int] = field(default_factory=list)
    d: int = field(init=False, default=4)
    e: list[int] = field(init=False, default_factory=lambda: [5], compare=False)

    def __post_init__(self) -> None:
        self.a += 1


class Below(Changing):
    """A class of its own that is no dataclass."""

    def __init__(self, more: int) -> None:
        super().__init__(a=more, b="below")


def test_what_may_change_is_made_as_the_standard_library_makes_it() -> None:
    one, other = Changing(a=1), Changing(a=1)
    assert repr(one) == "Changing(a=2, b='b', c=[], d=4, e=[5])"
    assert one == other
    assert one.c is not other.c
    assert one.e is not other.e
    other.b = "c"
    assert one != other
    assert [f.name for f in dataclasses.fields(Changing)] == ["a", "b", "c", "d", "e"]
    assert Changing(a=0, c=[1]).c == [1]
    assert Below(5).a == 6
    assert Below(5).b == "below"
    for wrong in ({}, {"a": 1, "d": 2}, {"a": 1, "z": 2}):
        with pytest.raises(TypeError):
            Changing(**wrong)  # type: ignore[arg-type] # wrong on purpose
    with pytest.raises(TypeError):
        hash(one)
    assert copy.copy(one) == one


def test_a_class_is_finished_by_whatever_is_asked_first() -> None:
    def made() -> tuple[type, object]:
        @dataclass(frozen=True, kw_only=True)
        class Pair:
            x: int = 1
            y: int = field(default=2, repr=False)

        bare = Pair.__new__(Pair)
        object.__setattr__(bare, "x", 1)
        object.__setattr__(bare, "y", 2)
        return Pair, bare

    cls, bare = made()
    assert repr(bare).endswith("Pair(x=1)")
    cls, bare = made()
    assert bare == cls()
    cls, bare = made()
    assert hash(bare) == hash(cls())
    cls, bare = made()
    assert [f.name for f in dataclasses.fields(cls)] == ["x", "y"]
    assert dataclasses.is_dataclass(made()[0])
    cls, bare = made()
    with pytest.raises(dataclasses.FrozenInstanceError):
        bare.x = 3  # type: ignore[attr-defined] # refused


def test_threads_that_make_the_first_instances_at_once() -> None:
    for _ in range(20):

        @dataclass(kw_only=True)
        class Shared:
            x: int
            y: list[int] = field(default_factory=list)

        begin = threading.Barrier(4)
        found: list[object] = []

        def make(cls: type = Shared, begin: threading.Barrier = begin, found: list[object] = found) -> None:
            begin.wait()
            found.append(cls(x=1))

        threads = [threading.Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [Shared(x=1)] * 4


def test_the_initializer_of_a_class_that_many_are_made_of_does_the_same() -> None:
    first = [Derived(a=1), Derived(a=2, b=(3,), c=[4])]
    for _ in range(500):
        Derived(a=0)
    later = [Derived(a=1), Derived(a=2, b=(3,), c=[4])]
    assert later == first
    assert [dataclasses.asdict(value) for value in later] == [dataclasses.asdict(value) for value in first]
    assert later[0].c is not first[0].c
    assert later[0].d == "d1"
    for wrong in ({}, {"a": 1, "d": "x"}, {"a": 1, "z": 2}):
        with pytest.raises(TypeError):
            Derived(**wrong)


@dataclass
class Point:
    """Given by position, one field by keyword alone."""

    x: int
    note: str = field(default="", kw_only=True)
    y: int = 2
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Key:
    """Compared, and never changed."""

    a: int
    b: str = "b"


def test_positions() -> None:
    assert (Point(1), Point(1, 3, ["t"], note="n")) == (Point(x=1), Point(x=1, y=3, tags=["t"], note="n"))
    assert repr(Point(1, 3)) == "Point(x=1, note='', y=3, tags=[])"
    assert Point(1).tags is not Point(1).tags
    with pytest.raises(TypeError, match="positional"):
        Point(1, 2, [], "n")  # type: ignore[call-arg]
    assert hash(Key(1)) == hash(Key(1, "b"))
    assert {Key(1), Key(1, "b")} == {Key(a=1)}
    with pytest.raises(dataclasses.FrozenInstanceError):
        Key(1).a = 2  # type: ignore[misc]
    match Key(1, "c"):
        case Key(a, b):
            assert (a, b) == (1, "c")
    assert dataclasses.replace(Key(1), b="d") == Key(1, "d")
