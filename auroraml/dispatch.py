"""Behaviour by class: Choices, tables that compiled modules can use too, and by_class, functools.singledispatchmethod without a wrapper for each call."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["Choices", "by_class"]
T = TypeVar("T")


class Choices(dict[type, T]):
    """What is chosen by a class: its own entry, or that of its nearest base."""

    def __missing__(self, cls: type) -> T:
        found = self[cls] = next(self[base] for base in cls.__mro__[1:] if base in self)
        return found


if TYPE_CHECKING:
    from functools import singledispatchmethod as by_class
else:

    class by_class:  # used as the function it stands for
        """As functools.singledispatchmethod: the class of the first argument chooses the method."""

        def __init__(self, default: Callable[..., Any]) -> None:
            self.dispatcher = dispatcher = singledispatch(default)
            chosen: dict[type, Callable[..., Any]] = {}
            self._chosen = chosen

            def call(self: object, node: object, /, *args: object, **named: object) -> Any:
                method = chosen.get(node.__class__)
                if method is None:
                    method = chosen[node.__class__] = dispatcher.dispatch(node.__class__)
                return method(self, node, *args, **named)

            self._call = call

        def register(self, cls: Any, method: Callable[..., Any] | None = None) -> Any:
            """As there."""
            self._chosen.clear()
            return self.dispatcher.register(cls, func=method)

        def __get__(self, instance: object, owner: type | None = None) -> Any:
            return self if instance is None else MethodType(self._call, instance)
