"""Firings: the planner's rules wrapped so that each tells what it was given and what it made of it, where that is something else."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from auroraml.records import dataclass

PLANNER = "auroraml.planner"


@dataclass(frozen=True, kw_only=True, eq=False)
class Firing:
    """A rule's work as it saw it: `rule` names it, `does` is what its module says of itself; the parts are queries, join trees, expressions or words."""

    rule: str
    does: str
    before: tuple[object, ...]
    after: tuple[object, ...]


FIRINGS: ContextVar[list[Firing] | None] = ContextVar("firings", default=None)  # of the statement being planned here, where somebody asks
Note = Callable[[tuple[object, ...], tuple[object, ...]], None]
Wrapper = Callable[[Callable[..., Any], Note], Callable[..., Any]]


def _rewriting(function: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """A function of what it rewrites."""

    @functools.wraps(function)
    def observed(given: Any, *more: Any, **named: Any) -> Any:
        made = function(given, *more, **named)
        if made is not given:
            note((given,), (made,))
        return made

    return observed


def _rewriting_method(function: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """A method whose first argument is what it rewrites."""

    @functools.wraps(function)
    def observed(self: Any, given: Any, *more: Any) -> Any:
        made = function(self, given, *more)
        if made is not given:
            note((given,), (made,))
        return made

    return observed


def _pulling(function: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """SubqueryPuller.tree, which calls itself for what is below: the outermost call alone is told."""

    @functools.wraps(function)
    def observed(self: Any, item: Any, *more: Any) -> Any:
        outermost = not getattr(self, "busy", False)
        self.busy = True
        try:
            made = function(self, item, *more)
        finally:
            self.busy = not outermost
        if outermost and self.values:
            note((item,), (function.__globals__["substitute"](made, self.values),))
        return made

    return observed


def _moving_having(function: Callable[..., Any], note: Note) -> Callable[..., Any]:
    @functools.wraps(function)
    def observed(self: Any, tree: Any, query: Any) -> Any:
        made, kept = function(self, tree, query)
        if made is not tree:
            note(("HAVING", *query.having), ("WHERE", *made.where))
        return made, kept

    return observed


def _adding_clauses(function: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """A function of a level that gives its relations more conditions."""

    @functools.wraps(function)
    def observed(level: Any) -> None:
        relations = list(level.relations_in(level.all_bits))
        before = [clause.expr for relation in relations for clause in relation.clauses]
        function(level)
        added = [clause.expr for relation in relations for clause in relation.clauses if not any(clause.expr is expr for expr in before)]
        if added:
            note((), tuple(added))

    return observed


def _implying(function: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """What follows from an equivalence class with a constant: nothing new where it came of one condition."""

    @functools.wraps(function)
    def observed(level: Any, cls: Any) -> None:
        sources, known = [clause.expr for clause in cls.sources], len(cls.derived)
        function(level, cls)
        if len(cls.derived) > known:
            note(tuple(sources), tuple(clause.expr for clause in cls.derived[known:]))

    return observed


def _removing(function: Callable[..., Any], note: Note) -> Callable[..., Any]:
    @functools.wraps(function)
    def observed(level: Any, number: int, special: Any) -> None:
        item = level.relation(number).item
        function(level, number, special)
        note(("LEFT JOIN", item), ("no join",))

    return observed


def _uniting(function: Callable[..., Any], note: Note) -> Callable[..., Any]:
    @functools.wraps(function)
    def observed(level: Any) -> None:
        before = list(level.special_joins)
        function(level)
        for special in before:
            if special not in level.special_joins:
                inner = [relation.item for relation in level.relations_in(special.min_right)]
                note(("semi join", *inner), ("inner join", *inner))

    return observed


def _reading_ends(function: Callable[..., Any], note: Note) -> Callable[..., Any]:
    @functools.wraps(function)
    def observed(level: Any, *more: Any) -> Any:
        found = function(level, *more)
        if found:
            calls = [extreme.call for extreme in found]
            note(tuple(calls), (f"the first row of an index{' for each' * (len(calls) > 1)}",))
        return found

    return observed


def _excluding(function: Callable[..., Any], note: Note) -> Callable[..., Any]:
    @functools.wraps(function)
    def observed(level: Any, relation: Any) -> bool:
        found = bool(function(level, relation))
        if found:
            note((relation.item, *(clause.expr for clause in relation.clauses)), ("no rows",))
        return found

    return observed


RULES: tuple[tuple[str, str, str, Wrapper], ...] = (  # module, function or Class.method, the rule's name (PostgreSQL's function), how it is observed
    ("rules.inline_ctes", "inline_ctes", "inline_cte", _rewriting),
    ("rules.inline_functions", "inline", "inline_function", _rewriting),
    ("rules.pull_up_sublinks", "pull_up_sublinks", "pull_up_sublinks", _rewriting),
    ("rules.pull_up_subqueries", "SubqueryPuller.tree", "pull_up_subqueries", _pulling),
    ("rules.fold_constants", "Folder.__call__", "eval_const_expressions", _rewriting_method),
    ("rules.fold_constants", "canonical", "canonicalize_qual", _rewriting),
    ("rules.reduce_outer_joins", "reduce_outer_joins", "reduce_outer_joins", _rewriting),
    ("prepare", "Prepared._having_to_where", "HAVING to WHERE", _moving_having),
    ("level.classes", "_implied_by_constant", "generate_base_implied_equalities", _implying),
    ("level.or_clauses", "extract_or_restrictions", "extract_restriction_or_clauses", _adding_clauses),
    ("level.exclusion", "excluded", "relation_excluded_by_constraints", _excluding),
    ("paths.simplify", "_remove", "remove_useless_joins", _removing),
    ("paths.simplify", "unique_semi_joins", "reduce_unique_semijoins", _uniting),
    ("minmax", "find_extremes", "preprocess_minmax_aggregates", _reading_ends),
)


def _first_line(text: str | None) -> str:
    return " ".join((text or "").strip().split("\n\n")[0].split())


def observe(module: Any) -> None:
    """Wrap the rules of a module of the copy."""
    for place, path, rule, wrapper in RULES:
        if module.__name__ != f"{PLANNER}.{place}":
            continue
        owner, _, name = path.rpartition(".")
        holder = getattr(module, owner) if owner else module
        function = getattr(holder, name)
        told = _first_line((function if place == "prepare" else module).__doc__)

        def note(before: tuple[object, ...], after: tuple[object, ...], rule: str = rule, told: str = told) -> None:
            found = FIRINGS.get()
            if found is not None:
                found.append(Firing(rule=rule, does=told, before=before, after=after))

        setattr(holder, name, wrapper(function, note))
