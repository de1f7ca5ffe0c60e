"""by_class: functools.singledispatchmethod, but without a wrapper made for each call."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from types import MethodType
from typing import TYPE_CHECKING, Any

__all__ = ["by_class"]

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
