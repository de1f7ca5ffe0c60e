"""EXPLAIN (MIGRATION): each call of a batch function, where it stands, whether it was moved to FROM, and by which rule (an option of ours)."""

from __future__ import annotations

from collections.abc import Callable

from auroraml.explain.model import Property
from auroraml.ir import expr as e
from auroraml.ir.decisions import MigrationDecision, Migrations
from auroraml.ir.deparse import BareNames, Deparser, quote_identifier
from auroraml.ir.tree import rewrite
from auroraml.records import dataclass
from auroraml.types.pg_type import PgType

LABEL = "Function Migrations"
SUBQUERY = "subquery"  # the kind of the parameter that stands for one


@dataclass(frozen=True, kw_only=True)
class _Written(BareNames):
    """Names as the statement's own tables have them."""

    migrations: Migrations
    verbose: bool
    visible: Callable[[str, str], bool] | None

    def column(self, ref: e.ColumnRef) -> str:
        """The column, behind its table where there are several or VERBOSE asks for it."""
        alias, name = self.migrations.columns.get(ref.id, ("", ref.name))
        if alias and (self.verbose or self.migrations.prefix):
            return f"{quote_identifier(alias)}.{quote_identifier(name)}"
        return quote_identifier(name)

    def parameter(self, ref: e.ParamRef) -> str:
        """$n, or the word that stands for a subquery."""
        return f"({SUBQUERY})" if ref.kind == SUBQUERY else f"${ref.number}"

    def function(self, name: str, schema: str) -> str:
        """The function, with its schema where the search path does not find it."""
        if schema == "pg_catalog" or (self.visible is not None and self.visible(name, schema)):
            return quote_identifier(name)
        return f"{quote_identifier(schema)}.{quote_identifier(name)}"


def _without_subqueries(node: object) -> object | None:
    if isinstance(node, e.SubLink):
        return e.ParamRef(type=node.type, number=0, kind=SUBQUERY)
    return None


def migration_property(
    migrations: Migrations, *, verbose: bool, resolve: Callable[[int], PgType] | None, visible: Callable[[str, str], bool] | None
) -> Property:
    """The decisions in the order of the statement's text."""
    deparser = Deparser(_Written(migrations=migrations, verbose=verbose, visible=visible), resolve)

    def entry(decision: MigrationDecision) -> dict[str, object]:
        rule = decision.rule
        call = deparser.text(rewrite(decision.call, _without_subqueries))
        return {"Function Call": call, "Clause": decision.place, "Moved": rule.moves, "Rule": rule.name, "Reason": rule.reason, "Guide": rule.guide}

    entries = [entry(decision) for decision in migrations.decisions]
    lines = [f"Function Migration:{'' if entries else ' none'}"]
    for item in entries:
        lines.append(f"  {item['Function Call']} in {item['Clause']}: {'moved' if item['Moved'] else 'not moved'}")
        lines.append(f"    Rule: {item['Rule']} ({item['Reason']})")
        if item["Guide"]:
            lines.append(f"    Guide: {item['Guide']}")
    return Property(label=LABEL, value=entries, text="\n".join(lines))
