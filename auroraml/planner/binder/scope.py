"""Scopes: which names a clause sees, and PostgreSQL's errors for those it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from auroraml.errors import AmbiguousAlias, AmbiguousColumn, FeatureNotSupported, InvalidColumnReference, UndefinedColumn, UndefinedTable
from auroraml.ir.expr import ColumnRef, Const, Expr
from auroraml.ir.logical import CTID, TABLEOID, FromItem, JoinItem, LogicalPlan, Output, TableItem, Target
from auroraml.ir.objects import Relation
from auroraml.ir.tree import every
from auroraml.records import replace
from auroraml.types.table import OID, TID


def free_ids(node: object) -> frozenset[int]:
    """The ids of columns that are read below, but made by nothing there."""
    read: set[int] = set()
    made: set[int] = set()
    for part in every(node):
        if isinstance(part, ColumnRef):
            read.add(part.id)
        elif isinstance(part, LogicalPlan):
            made.update(output.id for output in part.outputs)
        elif isinstance(part, Target):
            made.add(part.id)
    return frozenset(read - made)


@dataclass(kw_only=True)
class Entry:
    """A FROM item by its alias. `hidden` ones answer to their alias only (the sides of a USING join lose merged columns)."""

    alias: str
    outputs: tuple[Output, ...]
    relation: Relation | None = None
    schema: str | None = None
    lateral_only: bool = False  # to the left of an item that is not LATERAL: visible to LATERAL items only
    named: bool = True
    composite: bool = True
    system: list[Output] | None = None  # of a table in FROM: the system columns that were asked for
    barred: bool = False  # of the outer-joined side that a LATERAL item must not look at
    qualified: bool = False  # seen through its alias only (JOIN ... USING (...) AS alias)
    _by_name: dict[str, list[Output]] | None = None

    def called(self, name: str) -> Sequence[Output]:
        """Its columns of that name."""
        if self._by_name is None:
            self._by_name = {}
            for output in self.outputs:
                self._by_name.setdefault(output.name, []).append(output)
        return self._by_name.get(name, ())


@dataclass(kw_only=True)
class Scope:
    """One level's FROM items; `merged` are the columns that USING joined; `parent` is the level outside."""

    entries: list[Entry] = field(default_factory=list)
    merged: list[tuple[str, Expr, frozenset[int]]] = field(default_factory=list)  # name, expression, ids it stands for
    stars: list[tuple[frozenset[int], list[tuple[str, Expr]]]] = field(default_factory=list)  # of each item: its columns' ids, what `*` makes of it
    parent: Scope | None = None
    taking: tuple[str, bool] | None = None  # while a subquery in an expression is bound: the clause it stands in, and whether aggregates may
    aggregated: bool = False  # an aggregate in a subquery belongs to this level
    ctes: dict[str, object] = field(default_factory=dict)
    future: frozenset[str] = frozenset()  # WITH queries that come later, or this one itself: known, but out of reach
    siblings: list[Entry] = field(default_factory=list)  # items beside a subquery that is not LATERAL: known, but out of its reach

    def levels(self) -> Iterator[Scope]:
        """This scope, then the ones outside."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def made(self) -> frozenset[int]:
        """The ids of this level's columns."""
        return frozenset(output.id for entry in self.entries for output in (*entry.outputs, *(entry.system or ())))

    def replaced(self) -> frozenset[int]:
        """The ids that merged columns stand for."""
        return frozenset(id for _, _, ids in self.merged for id in ids)

    def find_column(self, name: str, at: int) -> Expr | None:
        """The column of that name at this level; 42702 where two have it."""
        found: list[Expr] = [expr for merged, expr, _ in self.merged if merged == name]
        hidden = self.replaced() if self.merged else frozenset()
        for entry in self.entries:
            if not entry.qualified:
                found += [column(output, at) for output in entry.called(name) if output.id not in hidden]
                if entry.barred and entry.called(name):
                    raise _barred(entry, at)
        if len(found) > 1:
            raise AmbiguousColumn(f'column reference "{name}" is ambiguous', at=at)
        return found[0] if found else None

    def find_entry(self, alias: str, at: int, schema: str | None = None) -> Entry | None:
        """The FROM item called `alias` at this level; 42P09 where two are."""
        found = [e for e in self.entries if e.named and e.alias == alias and (schema is None or e.schema == schema)]
        if len(found) > 1:
            raise AmbiguousAlias(f'table reference "{alias}" is ambiguous', at=at)
        if found and found[0].barred:
            raise _barred(found[0], at)
        return found[0] if found else None


def _barred(entry: Entry, at: int) -> InvalidColumnReference:
    """42P10 for a LATERAL reference out of the side that the join may fill with NULLs (check_lateral_ref_ok)."""
    detail = "The combining JOIN type must be INNER or LEFT for a LATERAL reference."
    return InvalidColumnReference(f'invalid reference to FROM-clause entry for table "{entry.alias}"', detail=detail, at=at)


def column(output: Output, at: int | None = None) -> ColumnRef:
    """A reference to a FROM item's column."""
    return ColumnRef(type=output.type, typmod=output.typmod, id=output.id, name=output.name, at=at)


_KEPT: Final = {"ctid": (CTID, TID), "tableoid": (TABLEOID, OID)}  # those that storage can tell of a row
SYSTEM_COLUMNS: Final = ("tableoid", "ctid", "xmin", "cmin", "xmax", "cmax")


def system_column(entry: Entry, name: str, at: int, new_id: Callable[[], int]) -> Expr | None:
    """A system column of a table: ctid and tableoid in FROM, tableoid also of a row in RETURNING; the others are refused."""
    if name not in SYSTEM_COLUMNS or entry.relation is None or entry.relation.kind not in "rm":
        return None
    if entry.system is not None and name in _KEPT:
        found = next((output for output in entry.system if output.name == name), None)
        if found is None:
            found = Output(id=new_id(), name=name, type=_KEPT[name][1])
            entry.system.append(found)
        return column(found, at)
    if name != "tableoid":
        raise FeatureNotSupported(f'system column "{name}" is not supported', at=at)
    return Const(type=OID, value=entry.relation.oid, at=at)


def with_system_columns(items: tuple[FromItem, ...], entries: Sequence[Entry]) -> tuple[FromItem, ...]:
    """FROM items whose tables make the system columns that were asked of them."""
    asked = {id(entry.outputs): entry.system for entry in entries if entry.system}
    if not asked:
        return items

    def made(item: FromItem) -> FromItem:
        if isinstance(item, JoinItem):
            return replace(item, left=made(item.left), right=made(item.right))
        more = asked.get(id(item.outputs)) if isinstance(item, TableItem) else None
        if more is None or not isinstance(item, TableItem):
            return item
        return replace(item, outputs=(*item.outputs, *more), numbers=(*item.numbers, *(_KEPT[o.name][0] for o in more)))

    return tuple([made(item) for item in items])


def ambiguous_variable(name: str, at: int) -> AmbiguousColumn:
    """42702 for a name that a column and a PL/pgSQL variable have."""
    detail = "It could refer to either a PL/pgSQL variable or a table column."
    return AmbiguousColumn(f'column reference "{name}" is ambiguous', detail=detail, at=at)


def missing_column(scope: Scope, name: str, at: int) -> UndefinedColumn:
    """42703 for a bare name, with the hint PostgreSQL gives for the nearest column."""
    hint = None
    beside = next((entry for level in scope.levels() for entry in level.siblings if entry.called(name)), None)
    near = nearest(scope, name, None)
    if beside is not None:
        hint = f'There is a column named "{name}" in table "{beside.alias}", but it cannot be referenced from this part of the query.'
    elif near:
        hint = f"Perhaps you meant to reference the column {near}."
    return UndefinedColumn(f'column "{name}" does not exist', hint=hint, at=at)


def missing_qualified(entry: Entry, scope: Scope, name: str, at: int) -> UndefinedColumn:
    """42703 for alias.name."""
    near = nearest(scope, name, entry)
    hint = f"Perhaps you meant to reference the column {near}." if near else None
    return UndefinedColumn(f"column {entry.alias}.{name} does not exist", hint=hint, at=at)


def missing_table(scope: Scope, alias: str, at: int) -> UndefinedTable:
    """42P01 for a qualifier that is no FROM item here."""
    for level in scope.levels():
        for entry in level.entries:
            if entry.relation is not None and entry.relation.name == alias and entry.alias != alias:
                hint = f'Perhaps you meant to reference the table alias "{entry.alias}".'
                return UndefinedTable(f'invalid reference to FROM-clause entry for table "{alias}"', hint=hint, at=at)
        if any(entry.alias == alias for entry in level.siblings):
            hint = f'There is an entry for table "{alias}", but it cannot be referenced from this part of the query.'
            return UndefinedTable(f'invalid reference to FROM-clause entry for table "{alias}"', hint=hint, at=at)
    return UndefinedTable(f'missing FROM-clause entry for table "{alias}"', at=at)


def distance(a: str, b: str) -> int:
    """Levenshtein distance with PostgreSQL's equal costs."""
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (x != y)))
        previous = current
    return previous[-1]


def nearest(scope: Scope, name: str, within: Entry | None) -> str:
    """The closest column's name, quoted as in the hint; "" where none is close (more than half of the letters differ, or 3)."""
    best = min(3, len(name) // 2)
    found: list[str] = []
    for level in scope.levels():
        for entry in (*level.entries, *level.siblings):
            if not entry.alias:
                continue  # the result of a set operation, not one of its members
            penalty = 0 if within is None or entry is within or not entry.named else distance(within.alias, entry.alias)
            for output in entry.outputs:
                score = distance(name, output.name) + penalty
                if score < best or (score == best and found and score > 0):
                    found = [] if score < best else found
                    best = score
                    found.append(f'"{entry.alias}.{output.name}"')
                elif score == best and not found and score <= min(3, len(name) // 2):
                    found.append(f'"{entry.alias}.{output.name}"')
    if not found or len(found) > 2:
        return ""
    return " or the column ".join(found)
