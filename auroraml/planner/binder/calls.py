"""Choosing among overloaded functions and operators (chapters 10.2 and 10.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from auroraml.catalog.builtins import builtin_function
from auroraml.errors import AmbiguousFunction, DatatypeMismatch, FeatureNotSupported, TooManyArguments, UndefinedFunction
from auroraml.functions.signature import implemented
from auroraml.ir import expr as e
from auroraml.ir.objects import Function, Operator
from auroraml.planner.binder.coercion import Coercer, array_type, fits
from auroraml.records import replace
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import BY_OID, POLYMORPHIC, TEXT, UNKNOWN

FUNCTION_HINT: Final = "No function matches the given name and argument types. You might need to add explicit type casts."
OPERATOR_HINT: Final = "No operator matches the given name and argument types. You might need to add explicit type casts."
PREFIX_HINT: Final = "No operator matches the given name and argument type. You might need to add an explicit type cast."
CHOICE_HINT: Final = "Could not choose a best candidate {0}. You might need to add explicit type casts."
LIMIT: Final = 100


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A function as it would be called: types per argument position, and where each argument comes from (None: its default)."""

    function: Function
    types: tuple[PgType, ...]
    order: tuple[int | None, ...]  # for each input parameter (before VARIADIC ones): position among the given arguments
    spread: int = 0  # how many arguments the VARIADIC parameter takes
    positional: int = LIMIT  # how many arguments come before those with names

    def written(self) -> tuple[tuple[int, str], ...]:
        """Which parameter each argument is given to, and its name where it was written; () where that goes without saying."""
        if self.positional >= len(self.order) and None not in self.order:
            return ()
        places = [self.order.index(i) for i in range(len(self.types))]
        inputs = self.function.inputs
        return tuple((place, inputs[place].name if i >= self.positional else "") for i, place in enumerate(places))


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
    return Candidate(function=function, types=tuple(t for t in by_position if t is not None), order=tuple(order), positional=positional)


FIRST_OWN_OID: Final = 16384  # objects below it are the same in every database
_operators: dict[tuple[object, ...], Operator] = {}  # by symbol and operand types: operators and casts are all built in


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
        key = (symbol, *[arg.type.oid for arg in args])
        known = _operators.get(key)
        if known is not None:
            return known
        chosen = self._operator(found, symbol, args, at)
        function = builtin_function(chosen.function)
        if function is not None and not implemented(function):
            shown = (
                [symbol, self.coercer.name(chosen.right)]
                if chosen.left is None
                else [self.coercer.name(chosen.left), symbol, self.coercer.name(chosen.right)]
            )
            raise FeatureNotSupported(f"operator is not supported: {' '.join(shown)}", at=at)
        if all(arg.type.oid < FIRST_OWN_OID and not arg.type.attributes for arg in args):
            _operators[key] = chosen
        return chosen

    def _operator(self, found: Sequence[Operator], symbol: str, args: Sequence[e.Expr], at: int) -> Operator:
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
        """The options that survive PostgreSQL's rules (func_match_argtypes, func_select_candidate)."""
        exact = [i for i, types in enumerate(options) if all(t.oid == g.oid for t, g in zip(types, given, strict=True))]
        if exact:
            return exact
        can = self.coercer.can
        left = [i for i, types in enumerate(options) if all(can(g, t) for t, g in zip(types, given, strict=True)) and self.consistent(types, given)]
        if len(left) <= 1:
            return left
        known = [(place, g) for place, g in enumerate(given) if g.oid != UNKNOWN.oid]
        left = _most(left, lambda i: sum(options[i][place].oid == g.oid for place, g in known))
        if len(left) == 1:
            return left
        left = _most(left, lambda i: sum(options[i][place].oid == g.oid or _prefers(options[i][place], g) for place, g in known))
        if len(left) == 1 or len(known) == len(given):
            return left
        return self._unknowns(left, options, given)

    def consistent(self, types: Sequence[PgType], given: Sequence[PgType]) -> bool:
        """Whether polymorphic parameters agree on what they stand for (check_generic_type_consistency)."""
        element: PgType | None = None
        compatible: list[PgType] = []
        ranges: dict[str, PgType] = {}
        for type, actual in zip(types, given, strict=True):
            if type.oid not in POLYMORPHIC or actual.oid == UNKNOWN.oid:
                continue
            if not fits(actual, type):
                return False
            span = self._range(type, actual)
            if span is not None and ranges.setdefault(_family(type), span).oid != span.oid:
                return False
            this = self._element(type, actual)
            if type.name.startswith("anycompatible"):
                compatible.append(this)
                continue
            if element is not None and element.oid != this.oid:
                return False
            element = this
        return len(compatible) < 2 or self.coercer.unify(compatible) is not None

    def _range(self, type: PgType, actual: PgType) -> PgType | None:
        """The range type that an argument of a polymorphic range or multirange type stands for; None for others."""
        if type.rep is Rep.MULTIRANGE:
            return self.coercer.type(actual.subtype)
        return actual if type.rep is Rep.RANGE else None

    def _element(self, type: PgType, actual: PgType) -> PgType:
        """What anyelement stands for by an argument of this polymorphic type."""
        span = self._range(type, actual)
        if span is not None:
            return self.coercer.type(span.subtype)
        return self.coercer.type(actual.element) if type.rep is Rep.LIST and actual.element else actual

    def _unknowns(self, left: list[int], options: Sequence[Sequence[PgType]], given: Sequence[PgType]) -> list[int]:
        """Unknown literals: strings where a candidate takes them, else the one category all candidates share; then the known type."""
        slots: dict[int, tuple[str, bool]] | None = {}
        for place, actual in enumerate(given):
            if actual.oid != UNKNOWN.oid or slots is None:
                continue
            types = [options[i][place] for i in left]
            categories = {type.category for type in types}
            if "S" not in categories and len(categories) > 1:
                slots = None
                continue
            category = "S" if "S" in categories else types[0].category
            slots[place] = (category, any(type.preferred for type in types if type.category == category))
        if slots is not None:
            fits = [
                i for i in left
                if all(options[i][p].category == category and (options[i][p].preferred or not preferred) for p, (category, preferred) in slots.items())
            ]  # fmt: skip
            left = fits or left
        if len(left) == 1:
            return left
        known = {g.oid: g for g in given if g.oid != UNKNOWN.oid}
        if len(known) == 1:
            (type,) = known.values()
            assumed = [type] * len(given)
            able = [i for i in left if all(self.coercer.can(type, t) for t in options[i]) and self.consistent(options[i], assumed)]
            if len(able) == 1:
                return able
        return left

    def resolve(self, chosen: Candidate, args: Sequence[e.Expr]) -> tuple[PgType, dict[str, PgType]]:
        """The result type of a call, with what the polymorphic types stand for."""
        bound = self.bind(chosen.types, [a.type for a in args])
        return self._substitute(chosen.function.result, bound), bound

    def bind(self, declared: Sequence[PgType], given: Sequence[PgType]) -> dict[str, PgType]:
        """What the polymorphic families of a call or operator stand for."""
        bound: dict[str, PgType] = {}
        if all(type.oid not in POLYMORPHIC for type in declared):
            return bound
        families: dict[str, list[PgType]] = {"any": [], "anycompatible": []}
        for type, actual in zip(declared, given, strict=True):
            if type.oid in POLYMORPHIC and actual.oid != UNKNOWN.oid:
                families[_family(type)].append(self._element(type, actual))
                span = self._range(type, actual)
                if span is not None:
                    bound[_family(type) + "range"] = span
        for family, types in families.items():
            used = any(t.oid in POLYMORPHIC and _family(t) == family for t in declared)
            if used and not types and family == "any":
                raise DatatypeMismatch("could not determine polymorphic type because input has type unknown")
            if used:
                bound[family] = self.coercer.unify(types) or TEXT if types else TEXT
        return bound

    def _substitute(self, type: PgType, bound: dict[str, PgType]) -> PgType:
        if not type.attributes and type.oid not in POLYMORPHIC:
            return type
        if any(a.type.oid in POLYMORPHIC for a in type.attributes):
            return replace(type, attributes=tuple(replace(a, type=self._substitute(a.type, bound)) for a in type.attributes))
        if type.oid not in POLYMORPHIC:
            return type
        element = bound.get(_family(type), TEXT)
        if type.rep in (Rep.RANGE, Rep.MULTIRANGE):
            span = bound.get(_family(type) + "range", TEXT)
            return span if type.rep is Rep.RANGE else next((t for t in BY_OID.values() if t.rep is Rep.MULTIRANGE and t.subtype == span.oid), TEXT)
        if type.name.endswith("array") and "non" not in type.name:
            return array_type(self.coercer.catalog, element) or type
        return element

    def parameter_type(self, type: PgType, bound: dict[str, PgType]) -> PgType:
        """What a declared parameter type means in this call."""
        return self._substitute(type, bound)


def _family(type: PgType) -> str:
    return "anycompatible" if type.name.startswith("anycompatible") else "any"


def _prefers(type: PgType, given: PgType) -> bool:
    return type.preferred and type.category == given.category


def _most(left: list[int], score: object) -> list[int]:
    assert callable(score)
    scores = [score(i) for i in left]
    return [i for i, value in zip(left, scores, strict=True) if value == max(scores)]
