"""The ledger of a planned statement as records: relations by name, paths in words, the grounds on which each lost (EXPLAIN (ALTERNATIVES))."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from auroraml.ir import expr as e
from auroraml.ir.alternatives import ConsideredPath, ConsideredRelation
from auroraml.ir.deparse import BareNames, Deparser, direction, quote_identifier
from auroraml.planner.cost.parameters import DISABLED
from auroraml.planner.level.ledger import PRECHECK, Ledger, Offer
from auroraml.planner.level.pathkeys import PathKey
from auroraml.planner.level.relation import Relation
from auroraml.planner.path_words import words
from auroraml.planner.paths import path as q
from auroraml.planner.paths.dominance import FUZZ
from auroraml.records import replace
from auroraml.types.pg_type import PgType

STEPS: Final[tuple[tuple[type, str], ...]] = (  # an upper relation is called by the first of its paths that says what it is for
    (q.LimitPath, "limit"), (q.LockPath, "locking"), (q.AggregatePath, "grouping"), (q.GroupPath, "grouping"), (q.UpperUniquePath, "distinct"),
    (q.WindowPath, "windows"), (q.SetOpPath, "set operation"), (q.RecursivePath, "recursion"), (q.MinMaxPath, "grouping"), (q.SortPath, "ordering"),
    (q.AppendPath, "append"),
)  # fmt: skip
SETTINGS: Final[tuple[tuple[type, str], ...]] = (
    (q.SeqPath, "enable_seqscan"), (q.IndexPath, "enable_indexscan"), (q.BitmapPath, "enable_bitmapscan"), (q.NestPath, "enable_nestloop"),
    (q.MergePath, "enable_mergejoin"), (q.HashPath, "enable_hashjoin"), (q.AggregatePath, "enable_hashagg"), (q.GatherMergePath, "enable_gathermerge"),
    (q.SortPath, "enable_sort"),
)  # fmt: skip


class _ByAlias(BareNames):
    """Columns behind their relation's alias."""

    def __init__(self, aliases: dict[int, str]) -> None:
        self.aliases = aliases

    def column(self, ref: e.ColumnRef) -> str:
        alias = self.aliases.get(ref.id)
        return f"{quote_identifier(alias)}.{quote_identifier(ref.name)}" if alias else quote_identifier(ref.name)


class _Report:
    def __init__(self, ledger: Ledger, resolve: Callable[[int], PgType] | None) -> None:
        self.ledger = ledger
        self.bases: dict[tuple[int, int], str] = {}
        self.levels: dict[int, int] = {}  # by the relation's identity
        columns: dict[int, str] = {}
        for offer in ledger.offers:
            relation = offer.relation
            self.levels.setdefault(id(relation), offer.level)
            if relation.item is not None:
                self.bases.setdefault((offer.level, relation.bits), relation.alias)
                columns.update({column.id: relation.alias for column in relation.item.outputs})
        self.deparser = Deparser(_ByAlias(columns), resolve)

    def aliases(self, level: int, bits: int) -> tuple[str, ...]:
        """The base relations of a set."""
        return tuple(alias for (at, bit), alias in self.bases.items() if alias and at == level and bit & bits == bit)

    def title(self, offer: Offer) -> tuple[str, str]:
        """What kind of relation it is, and its name."""
        relation = offer.relation
        names = self.aliases(offer.level, relation.bits)
        if relation.kind == "upper":
            return "upper", ""
        if not names:
            return "upper", "result"
        return ("base" if len(names) < 2 else "join"), ", ".join(quote_identifier(name) for name in names)

    def text(self, offer: Offer) -> str:
        """The path in words."""

        def name(relation: Relation) -> str:
            names = self.aliases(self.levels.get(id(relation), offer.level), relation.bits)
            return ", ".join(quote_identifier(alias) for alias in names)

        return words(offer.path, name)

    def key(self, key: PathKey, bits: int) -> str:
        """A sort key by a member of its class that the relation has."""
        members = key.cls.canonical().members
        member = next((m for m in members if m.bits and not m.bits & ~bits), members[0])
        return self.deparser.text(member.expr) + direction(key.descending, key.nulls_first)

    def path(self, offer: Offer, chosen: Offer | None) -> ConsideredPath:
        """One offer as a record; `chosen` is the path of its relation that the plan has."""
        path, by = offer.path, offer.by
        record = ConsideredPath(
            path=self.text(offer), startup=offer.startup, total=offer.total, rows=path.rows,
            keys=tuple(self.key(key, offer.relation.bits) for key in path.keys), required=self.aliases(offer.level, path.outer),
            workers=path.workers if offer.partial else 0, safe=path.safe, disabled=_disabled(offer),
        )  # fmt: skip
        if by is not None:
            outcome = "prechecked" if offer.step == PRECHECK else "dominated"
            return replace(record, outcome=outcome, by=self.text(by), grounds=_grounds(by, offer))
        if offer.used:
            return record
        if chosen is not None and chosen.partial == offer.partial and not (chosen.path.outer or path.outer):
            return replace(record, outcome="kept", by=self.text(chosen), grounds=_grounds(chosen, offer))
        return replace(record, outcome="kept")


def _grounds(winner: Offer, loser: Offer) -> str:
    """What decided between two paths: the first of add_path's questions that they answer differently in the winner's favour."""
    one, two = winner.path, loser.path
    if loser.by is None and winner.total > loser.total:
        return "the cost of as many rows as are wanted" if winner.relation.consider_startup else "what is made of it above"
    if loser.total > winner.total * FUZZ:
        return "total cost"
    if loser.startup > winner.startup * FUZZ:
        return "startup cost"
    if len(one.keys) > len(two.keys):
        return "sort order"
    if one.outer != two.outer and not one.outer & ~two.outer:
        return "parameterization"
    if one.safe > two.safe:
        return "parallel safety"
    if one.rows < two.rows:
        return "rows"
    return "total cost, narrowly" if winner.total < loser.total else "equal cost, found first"


def _below(path: q.Path) -> q.Path:
    """The path under what only computes a select list."""
    while isinstance(path, q.ProjectionPath):
        path = path.source
    return path


def _disabled(offer: Offer) -> str:
    """The setting that charged the path itself for being used."""
    path = offer.path
    below = path.source.total if isinstance(path, q.UnaryPath) else path.outer_path.total + path.inner.total if isinstance(path, q.JoinPath) else 0.0
    if offer.total < DISABLED or below >= DISABLED:
        return ""
    return next((setting for kind, setting in SETTINGS if isinstance(path, kind)), "")


def considered(ledger: Ledger, resolve: Callable[[int], PgType] | None = None) -> tuple[ConsideredRelation, ...]:
    """The relations in the order in which they were first offered a path."""
    report = _Report(ledger, resolve)
    grouped: dict[tuple[int, str, str, int], list[Offer]] = {}
    for offer in ledger.offers:
        kind, name = report.title(offer)
        grouped.setdefault((offer.level, kind, name, id(offer.relation) if kind == "upper" else 0), []).append(offer)
    made: list[ConsideredRelation] = []
    for (level, kind, name, _), offers in grouped.items():
        if kind == "upper":
            name = name or next((word for cls, word in STEPS for offer in offers if isinstance(_below(offer.path), cls)), "final")
            if all(ledger.found[id(offer.path)][0] is not offer for offer in offers):
                continue  # the paths of the step before, as they are
        chosen = next((offer for offer in offers if offer.used and not offer.partial), None) or next((o for o in offers if o.used), None)
        rows = offers[0].relation.rows or offers[0].path.rows
        made.append(ConsideredRelation(level=level, kind=kind, name=name, rows=rows, paths=tuple(report.path(o, chosen) for o in offers)))
    return tuple(made)
