"""The planner with observers in it: its own code, loaded once more, on numbers that remember; its rules tell what they were given and made."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

from auroraml.records import replace
from auroraml.teach import number
from auroraml.teach.firings import PLANNER, observe
from auroraml.teach.formula import WHOLE
from auroraml.teach.number import Number, named, unit
from auroraml.teach.own_copy import OwnCopy

COSTS, PATHS = f"{PLANNER}.cost.", f"{PLANNER}.paths."
UNITS = {
    "seq_page": "seq_page_cost", "random_page": "random_page_cost", "tuple": "cpu_tuple_cost", "index_tuple": "cpu_index_tuple_cost",
    "operator": "cpu_operator_cost", "parallel_setup": "parallel_setup_cost", "parallel_tuple": "parallel_tuple_cost",
    "recursive_worktable_factor": "recursive_worktable_factor",
}  # fmt: skip
SHARED = frozenset(
    (f"{PLANNER}.rules.join_items", f"{PLANNER}.rules.placeholder", f"{COSTS}alternatives")
)  # classes of values alone, which others know too
ATOMS = {"clamp_rows": WHOLE, "rint": "round", "log2": "log2"}  # functions of numbers that a formula names and does not open


class Whole(int):
    """A whole number under the name that a formula has for it."""

    label: str


def _whole(value: int, label: str) -> Whole:
    made = Whole(value)
    made.label = label
    return made


def _named_arguments(function: Callable[..., Any]) -> Callable[..., Any]:
    """A cost formula whose numbers are called as it calls them."""
    parameters = inspect.signature(function).parameters
    names = list(parameters)
    kinds = {name: parameter.annotation for name, parameter in parameters.items()}

    def called(name: str, value: Any) -> Any:
        kind = kinds.get(name)
        if kind == "float" and isinstance(value, (float, int)) and not isinstance(value, bool):
            return named(value, name.replace("_", " "))
        return _whole(value, name.replace("_", " ")) if kind == "int" and value.__class__ is int else value

    @functools.wraps(function)
    def remembering(*arguments: Any, **more: Any) -> Any:
        given = [called(name, value) for name, value in zip(names, arguments, strict=False)]
        return function(*given, **{name: called(name, value) for name, value in more.items()})

    return remembering


def _atom(function: Callable[[float], float], name: str) -> Callable[[float], float]:
    @functools.wraps(function)
    def remembering(x: float) -> float:
        return Number(function(number.plain(x)), name, (x,)) if isinstance(x, Number) else function(x)

    return remembering


def _observe(module: ModuleType) -> None:
    """Put the observers into a module of the copy that has just been run."""
    values = vars(module)
    if module.__name__.startswith(COSTS):
        for name, value in list(values.items()):
            if isinstance(value, FunctionType) and value.__module__ == module.__name__:
                values[name] = _atom(value, ATOMS[name]) if name in ATOMS else _named_arguments(value)
            elif isinstance(value, type) and value.__module__ == module.__name__ and "__init__" in vars(value) and name != "CostParameters":
                value.__init__ = _named_arguments(value.__init__)  # type: ignore[misc] # a class of the copy alone
    if module.__name__ == f"{COSTS}parameters":
        values["CostParameters"].of = staticmethod(functools.partial(_parameters, values["CostParameters"]))
    if module.__name__ == f"{PLANNER}.estimate.relation":
        values["facts_of"] = _facts(values["facts_of"])
    observe(module)


def _facts(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def remembering(catalog: object, relation: Any, pages: object) -> Any:
        found = function(catalog, relation, pages)
        return replace(found, tuples=Number(found.tuples, label=f"rows in {relation.name}"))

    return remembering


def _parameters(made: type, settings: object) -> object:
    parameters = made(settings)
    for name, setting in UNITS.items():
        setattr(parameters, name, unit(getattr(parameters, name), setting))
    return parameters


_LOCK = threading.Lock()


@functools.cache
def _copy() -> OwnCopy:
    remembering = {"ceil": number.ceil, "floor": number.floor, "log": number.log, "sqrt": number.sqrt}
    arithmetic = {"float": number.as_float, "round": number.whole}
    return OwnCopy(PLANNER, {"math": remembering}, {COSTS: arithmetic, PATHS: arithmetic}, SHARED, _observe)


def module(name: str) -> Any:
    """A module of the observed planner."""
    with _LOCK:
        return _copy().module(f"{PLANNER}.{name}" if name else PLANNER)
