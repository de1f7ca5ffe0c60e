"""Choosing among overloaded functions and operators (chapters 10.2 and 10.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auroraml.errors import AmbiguousFunction, DatatypeMismatch, TooManyArguments, UndefinedFunction
from auroraml.ir import expr as e
from auroraml.ir.objects import Function, Operator
from auroraml.planner.binder.coercion import Coercer, array_type
from auroraml.types.pg_type import PgType
from auroraml.types.table import BY_NAME, POLYMORPHIC, TEXT, UNKNOWN

FUNCTION_HINT = "No function matches the given name and argument types. You might need to add explicit type casts."
OPERATOR_HINT = "No operator matches the given name and argument types. You might need to add explicit type casts."
PREFIX_HINT = "No operator matches the given name and argument type. You might need to add an explicit type cast."
CHOICE_HINT = "Could not choose a best candidate {0}. You might need to add explicit type casts."
LIMIT = 100


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A function as it would be called: types per argument position, and where each argument comes from (None: its default)."""

    function: Function
    types: tuple[PgType, ...]
    order: tuple[int | None, ...]  # for each input parameter (before VARIADIC ones): position among the given arguments
    spread: int = 0  # how many arguments the VARIADIC parameter takes


def candidate(function: Function, n: int, names: Sequence[str | None], variadic: bool, element: PgType | None) -> Candidate | None:
    """How `function` takes `n` arguments (`names` None: positional); None where it cannot."""
    inputs = function.inputs
    types = [p.type for p in inputs]
    positional = sum(name is None for name in names)
    if function.variadic and not variadic:
        fixed = len(inputs) - 1
        if any(names) or n < fixed + (1 if function.variadic == 2276 else 0) or n <= fixed:
            return None
        assert element is not None
        spread = n - fixed
        return Candidate(function=function, types=(*types[:fixed], *[element] * spread), order=tuple(range(fixed)), spread=spread)
    if n > len(inputs):
        return None
    order: list[int | None] = [i if i < positional else None for i in range(len(inputs))]
    for position, name in enumerate(names):
        if name is not None:
            place = next((i for i, p in enumerate(inputs) if p.name == name), None)
            if place is None or order[place] is not None:
                return None
            order[place] = position
    if any(source is None and inputs[i].default is None for i, source in enumerate(order)):
        return None
    by_position: list[PgType | None] = [None] * n
    for i, source in enumerate(order):
        if source is not None:
            by_position[source] = types[i]
    return Candidate(function=function, types=tuple(t for t in by_position if t is not None), order=tuple(order))


class Chooser:
    """Overload resolution over a coercer."""

    def __init__(self, coercer: Coercer) -> None:
        self.coercer = coercer

    def function(
        self, found: Sequence[Function], shown: str, args: Sequence[e.Expr], names: Sequence[str | None], variadic: bool, at: int
    ) -> Candidate:
        """The function that a call means; 42883 or 42725."""
        if len(args) > LIMIT:
            raise TooManyArguments("cannot pass more than 100 arguments to a function", at=at)
        options = []
        for function in found:
            element = self.coercer.type(function.variadic) if function.variadic else None
            option = candidate(function, len(args), names, variadic, element)
            if option is not None:
                options.append(option)
        chosen = self._best([option.types for option in options], [a.type for a in args])
        if len(chosen) == 1:
            return options[chosen[0]]
        signature = self._signature(shown, args, names)
        if not chosen:
            raise UndefinedFunction(f"function {signature} does not exist", hint=FUNCTION_HINT, at=at)
        without = [i for i in chosen if options[i].spread == 0 and all(source is not None for source in options[i].order)]
        if len(without) == 1:
            return options[without[0]]
        raise AmbiguousFunction(f"function {signature} is not unique", hint=CHOICE_HINT.format("function"), at=at)

    def _signature(self, shown: str, args: Sequence[e.Expr], names: Sequence[str | None]) -> str:
        parts = [self.coercer.name(a.type) if n is None else f"{n} => {self.coercer.name(a.type)}" for a, n in zip(args, names, strict=True)]
        return f"{shown}({', '.join(parts)})"

    def operator(self, found: Sequence[Operator], symbol: str, args: Sequence[e.Expr], at: int) -> Operator:
        """The operator that an expression means; 42883 or 42725."""
        options = [o for o in found if (o.left is None) == (len(args) == 1)]
        given = [a.type for a in args]
        if len(args) == 2 and UNKNOWN.oid in (given[0].oid, given[1].oid) and given[0].oid != given[1].oid:
            known = given[1] if given[0].oid == UNKNOWN.oid else given[0]
            exact = [o for o in options if o.left is not None and o.left.oid == known.oid == o.right.oid]
            if exact:
                return exact[0]
        types = [(o.right,) if o.left is None else (o.left, o.right) for o in options]
        chosen = self._best(types, given)
        if len(chosen) == 1:
            return options[chosen[0]]
        shown = [self.coercer.name(t) for t in given]
        text = f"{symbol} {shown[0]}" if len(args) == 1 else f"{shown[0]} {symbol} {shown[1]}"
        if chosen:
            raise AmbiguousFunction(f"operator is not unique: {text}", hint=CHOICE_HINT.format("operator"), at=at)
        raise UndefinedFunction(f"operator does not exist: {text}", hint=OPERATOR_HINT if len(args) == 2 else PREFIX_HINT, at=at)

    def _best(self, options: Sequence[Sequence[PgType]], given: Sequence[PgType]) -> list[int]:
        """The options that survive PostgreSQL's rules (func_select_candidate)."""
        exact = [i for i, types in enumerate(options) if all(t.oid == g.oid for t, g in zip(types, given, strict=True))]
        if exact:
            return exact[:1] if len({tuple(t.oid for t in options[i]) for i in exact}) == 1 and len(exact) == 1 else exact
        can = self.coercer.can
        left = [i for i, types in enumerate(options) if all(can(g, t) for t, g in zip(types, given, strict=True)) and self._consistent(types, given)]
        if len(left) <= 1:
            return left
        base = [BY_NAME["text"] if g.name == "varchar" else g for g in given]
        left = _most(left, lambda i: sum(t.oid == g.oid for t, g in zip(options[i], given, strict=True) if g.oid != UNKNOWN.oid))
        if len(left) == 1:
            return left
        left = _most(
            left, lambda i: sum(t.oid == g.oid or self._prefers(t, g) for t, g in zip(options[i], base, strict=True) if g.oid != UNKNOWN.oid)
        )
        if len(left) == 1 or all(g.oid != UNKNOWN.oid for g in given):
            return left
        return self._unknowns(left, options, given)

    @staticmethod
    def _prefers(type: PgType, given: PgType) -> bool:
        return type.preferred and type.category == given.category

    def _consistent(self, types: Sequence[PgType], given: Sequence[PgType]) -> bool:
        """Whether polymorphic parameters agree on what they stand for."""
        element: PgType | None = None
        for type, actual in zip(types, given, strict=True):
            if type.oid not in POLYMORPHIC or actual.oid == UNKNOWN.oid or type.name.startswith("anycompatible"):
                continue
            this = self.coercer.type(actual.element) if type.name == "anyarray" and actual.element else actual
            if element is not None and element.oid != this.oid:
                return False
            element = this
        return True

    def _unknowns(self, left: list[int], options: Sequence[Sequence[PgType]], given: Sequence[PgType]) -> list[int]:
        for position, actual in enumerate(given):
            if actual.oid != UNKNOWN.oid:
                continue
            categories = {options[i][position].category for i in left}
            category = "S" if "S" in categories else next(iter(categories)) if len(categories) == 1 else None
            if category is None:
                break
            matching = [i for i in left if options[i][position].category == category]
            preferred = [i for i in matching if options[i][position].preferred]
            left = preferred or matching
        if len(left) > 1:
            known = {g.oid for g in given if g.oid != UNKNOWN.oid}
            if len(known) == 1:
                type = next(g for g in given if g.oid != UNKNOWN.oid)
                same = [i for i in left if all(t.oid == type.oid or self.coercer.can(type, t) for t in options[i])]
                exact = [i for i in left if all(t.oid == type.oid for t in options[i])]
                left = exact or (same if len(same) == 1 else left)
        return left

    def resolve(self, chosen: Candidate, args: Sequence[e.Expr], shown: str, at: int) -> tuple[PgType, dict[str, PgType]]:
        """The result type of a call, with what the polymorphic types stand for."""
        bound: dict[str, PgType] = {}
        families = {"any": [], "anycompatible": []}  # type: dict[str, list[PgType]]
        for type, arg in zip(chosen.types, args, strict=True):
            if type.oid in POLYMORPHIC and arg.type.oid != UNKNOWN.oid:
                family = "anycompatible" if type.name.startswith("anycompatible") else "any"
                is_array = type.name in ("anyarray", "anycompatiblearray")
                families[family].append(self.coercer.type(arg.type.element) if is_array and arg.type.element else arg.type)
        for family, types in families.items():
            if not types and any(t.oid in POLYMORPHIC and t.name.startswith("anycompatible") == (family == "anycompatible") for t in chosen.types):
                if family == "any" and not any(t.oid in POLYMORPHIC for t in (chosen.function.result,)):
                    types = [TEXT]
                elif family == "any":
                    raise DatatypeMismatch("could not determine polymorphic type because input has type unknown", at=at)
                else:
                    types = [TEXT]
            if types:
                element = types[0]
                for other in types[1:]:
                    if other.oid != element.oid and self.coercer.can(element, other):
                        element = other
                bound[family] = element
        return self._substitute(chosen.function.result, bound), bound

    def _substitute(self, type: PgType, bound: dict[str, PgType]) -> PgType:
        if type.oid not in POLYMORPHIC:
            return type
        family = "anycompatible" if type.name.startswith("anycompatible") else "any"
        element = bound.get(family, TEXT)
        if type.name.endswith("array") and "non" not in type.name:
            return array_type(self.coercer.catalog, element) or type
        return element

    def parameter_type(self, type: PgType, bound: dict[str, PgType]) -> PgType:
        """What a declared parameter type means in this call."""
        return self._substitute(type, bound)


def _most(left: list[int], score: object) -> list[int]:
    assert callable(score)
    scores = [score(i) for i in left]
    return [i for i, value in zip(left, scores, strict=True) if value == max(scores)]
