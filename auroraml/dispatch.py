"""Behaviour by class: Choices, tables that compiled modules can use too; singledispatch and by_class, as functools' own, quicker to fill and to ask."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch as singledispatch_
from functools import update_wrapper
from threading import RLock
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["Choices", "by_class", "singledispatch"]
T = TypeVar("T")


class Choices(dict[type, T]):
    """What is chosen by a class: its own entry, or that of its nearest base."""

    def __missing__(self, cls: type) -> T:
        found = self[cls] = next(self[base] for base in cls.__mro__[1:] if base in self)
        return found


class _Methods:
    """What functools.singledispatch chooses, remembered by class. Methods are entered when the first choice is made: reading the annotations that say
    for which classes they are takes a good part of a start."""

    def __init__(self, default: Callable[..., Any]) -> None:
        self.dispatcher = singledispatch_(default)
        self.chosen: dict[type, Callable[..., Any]] = {}
        self.waiting: list[Callable[..., Any]] = []
        self.lock = RLock()

    def enter(self, cls: Any, method: Callable[..., Any] | None) -> Any:
        """As functools' register."""
        with self.lock:
            self.chosen.clear()
            if method is None and isinstance(cls, FunctionType):
                self.waiting.append(cls)
                return cls
            return self.dispatcher.register(cls, method)

    def choose(self, cls: type) -> Callable[..., Any]:
        """The method for a class that has not been asked for."""
        with self.lock:
            while self.waiting:
                method = self.waiting[0]
                annotation = next(iter(method.__annotations__.values()))  # the first argument's that has one
                named = eval(annotation, method.__globals__) if isinstance(annotation, str) else annotation
                self.dispatcher.register(type(None) if named is None else named, method)
                del self.waiting[0]
            found = self.chosen[cls] = self.dispatcher.dispatch(cls)
            return found


if TYPE_CHECKING:
    from functools import singledispatch
    from functools import singledispatchmethod as by_class
else:

    def singledispatch(default: Callable[..., Any]) -> Callable[..., Any]:
        """As functools.singledispatch: the class of the first argument chooses the function."""
        methods = _Methods(default)
        chosen = methods.chosen

        def call(node: object, /, *args: object, **named: object) -> Any:
            method = chosen.get(node.__class__)
            if method is None:
                method = methods.choose(node.__class__)
            return method(node, *args, **named)

        call.register = lambda cls, func=None: methods.enter(cls, func)
        return update_wrapper(call, default)

    class by_class:  # used as the function it stands for
        """As functools.singledispatchmethod: the class of the first argument chooses the method."""

        def __init__(self, default: Callable[..., Any]) -> None:
            self._methods = methods = _Methods(default)
            chosen = methods.chosen

            def call(self: object, node: object, /, *args: object, **named: object) -> Any:
                method = chosen.get(node.__class__)
                if method is None:
                    method = methods.choose(node.__class__)
                return method(self, node, *args, **named)

            self._call = call

        def register(self, cls: Any, method: Callable[..., Any] | None = None) -> Any:
            """As there."""
            return self._methods.enter(cls, method)

        def __get__(self, instance: object, owner: type | None = None) -> Any:
            return self if instance is None else MethodType(self._call, instance)
