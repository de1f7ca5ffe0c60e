"""dataclass: the standard one, but a class gets its methods with its first instance, and a frozen keyword-only one without generated code."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["dataclass", "replace"]
T = TypeVar("T")
Terms = tuple[bool, bool, bool]  # what a class was asked to be: frozen, keyword-only, compared
_standard = dataclasses.dataclass
_SELDOM = 200  # instances of a class, until code is generated for making more
_PLAIN: dict[type, frozenset[str]] = {}  # the fields of the classes made here whose making is only the setting of fields

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, kw_only=False, eq=True, **options):
        """As dataclasses.dataclass; hundreds of classes are made at each start, most of them for later, and there it is the greater part of the time."""

        def made(cls: type) -> type:
            if options or not cls.__dictoffset__:
                return _standard(cls, frozen=frozen, kw_only=kw_only, eq=eq, **options)
            return _postponed(cls, (frozen, kw_only, eq))

        return made if cls is None else made(cls)


def replace(node: T, /, **changes: object) -> T:
    """As dataclasses.replace; a record is copied without the way through its initializer."""
    cls = node.__class__
    known = _PLAIN.get(cls)
    if known is None:
        return dataclasses.replace(node, **changes)  # type: ignore[type-var] # told by dataclasses if it is none
    if not known.issuperset(changes):
        raise TypeError(_complaint(cls, known, known, changes))
    made = cls.__new__(cls)
    values = made.__dict__
    values.update(node.__dict__)
    values.update(changes)
    return made


_MAKING = threading.RLock()


def _postponed(cls: type, terms: Terms) -> type:
    """The class with methods that stand in for those it gets once one of them is called, or somebody asks for its fields."""
    frozen, _, eq = terms
    wanted = ["__init__", "__repr__", *(["__eq__"] if eq else []), *(["__hash__"] if eq and frozen else [])]
    names = [name for name in wanted if name not in cls.__dict__]
    for name in names:
        setattr(cls, name, _stand_in(cls, name, names, terms))
    if frozen:
        cls.__setattr__, cls.__delattr__ = _refuse, _refuse  # type: ignore[method-assign, assignment] # nothing may be set
    elif eq and "__hash__" not in cls.__dict__:
        cls.__hash__ = None  # type: ignore[assignment] # as of all that is compared and may change
    cls.__dataclass_fields__ = _Fields(cls, names, terms)  # type: ignore[attr-defined] # where dataclasses looks
    return cls


def _stand_in(cls: type, name: str, names: list[str], terms: Terms) -> Callable[..., Any]:
    def first(self: object, /, *args: Any, **given: Any) -> Any:
        _finish(cls, names, terms)
        return getattr(cls, name)(self, *args, **given)

    return first


class _Fields:
    """In the place of a class's fields, until somebody asks for them."""

    def __init__(self, cls: type, names: list[str], terms: Terms) -> None:
        self.of = cls, names, terms

    def __get__(self, instance: object, owner: type) -> Any:
        _finish(*self.of)
        return self.of[0].__dataclass_fields__  # type: ignore[attr-defined] # now it is there


def _finish(cls: type, names: list[str], terms: Terms) -> None:
    """Give the class its fields, and the methods called `names`."""
    frozen, kw_only, _ = terms
    with _MAKING:
        if not isinstance(cls.__dict__["__dataclass_fields__"], _Fields):
            return
        _standard(init=False, repr=False, eq=False, kw_only=kw_only)(cls)  # its fields only
        fields = dataclasses.fields(cls)
        taken = {field.name: field for field in fields if field.init}
        methods: dict[str, Callable[..., Any]] = {"__repr__": _shown, **_comparison([field.name for field in fields if field.compare])}
        if "__init__" in names:
            plain = not hasattr(cls, "__post_init__") and len(taken) == len(fields)
            methods["__init__"] = _initializer(cls, fields) if frozen and kw_only else _generated(cls, fields, frozen)
            if plain:
                _PLAIN[cls] = frozenset(taken)
        for name in names:
            setattr(cls, name, methods[name])


def _initializer(cls: type, fields: tuple[dataclasses.Field[Any], ...]) -> Callable[..., None]:
    taken = {field.name: field for field in fields if field.init}
    defaults = {field.name: field.default for field in fields if field.default is not dataclasses.MISSING}
    factories = {field.name: field.default_factory for field in fields if field.default_factory is not dataclasses.MISSING}
    size = len(taken.keys() | defaults.keys() | factories.keys())
    finish = getattr(cls, "__post_init__", None)
    known = frozenset(taken)
    left = _SELDOM

    def __init__(self: object, /, **given: object) -> None:
        nonlocal left
        values = self.__dict__
        left -= 1
        if left == 0:
            cls.__init__ = _generated(cls, fields, True)  # type: ignore[misc] # the same in code of its own
        values.update(defaults)
        values.update(given)
        for name, make in factories.items():
            if name not in given:
                values[name] = make()
        if len(values) != size or not known.issuperset(given):
            raise TypeError(_complaint(cls, known, frozenset(defaults) | frozenset(factories), given))
        if finish is not None:
            finish(self)

    return __init__


def _generated(cls: type, fields: tuple[dataclasses.Field[Any], ...], frozen: bool) -> Callable[..., None]:
    """The initializer of a class that many are made of: twice as fast, but its making costs as much as many instances.

    What may change is set field by field, so that reading it is as quick as it can be. So is the dictionary of what may not: it shares its keys with
    those of the class's other instances then.
    """
    known: dict[str, object] = {"_given": object()}
    taken, values = [], {}
    for field in sorted(fields, key=lambda field: field.kw_only is True):
        name = field.name
        fresh = field.default_factory is not dataclasses.MISSING
        if field.default is not dataclasses.MISSING or fresh:
            known[f"_{name}"] = field.default_factory if fresh else field.default
        elif not field.init:
            continue
        made = f"_{name}()" if fresh else f"_{name}"
        values[name] = (f"{made} if {name} is _given else {name}" if fresh else name) if field.init else made
        if field.init:
            if field.kw_only and "*" not in taken:
                taken.append("*")
            taken.append(f"{name}={'_given' if fresh else made}" if f"_{name}" in known else name)
    if frozen:
        lines = ["_values = self.__dict__", *[f"_values[{name!r}] = {value}" for name, value in values.items()]]
    else:
        lines = [f"self.{name} = {value}" for name, value in values.items()]
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def __init__({', '.join(['self', '/', *taken])}):\n    " + "\n    ".join(lines or ["pass"]), known)
    return known["__init__"]  # type: ignore[return-value] # just made


def _complaint(cls: type, known: frozenset[str], optional: frozenset[str], given: dict[str, object]) -> str:
    for name in given:
        if name not in known:
            return f"{cls.__name__}.__init__() got an unexpected keyword argument {name!r}"
    missing = ", ".join(repr(name) for name in sorted(known - optional - given.keys()))
    return f"{cls.__name__}.__init__() missing required keyword-only arguments: {missing}"


def _comparison(names: list[str]) -> dict[str, Callable[..., Any]]:
    read = attrgetter(*names) if names else _nothing

    def __eq__(self: object, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return bool(read(self) == read(other))

    def __hash__(self: object) -> int:
        return hash(read(self))

    return {"__eq__": __eq__, "__hash__": __hash__}


def _nothing(value: object) -> tuple[()]:
    return ()


def _shown(self: object) -> str:
    parts = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)  # type: ignore[arg-type]
    return f"{self.__class__.__qualname__}({parts})"


def _refuse(self: object, name: str, *value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {name!r}")
