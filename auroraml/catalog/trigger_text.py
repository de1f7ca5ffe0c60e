"""CREATE TRIGGER as pg_get_triggerdef writes it."""

from __future__ import annotations

from auroraml.catalog.catalog import Catalog
from auroraml.catalog.names import ObjectNames
from auroraml.catalog.rule_text import RuleDeparser
from auroraml.ir import expr as e
from auroraml.ir.deparse import BareNames, quote_identifier, quote_literal
from auroraml.ir.objects import OLD, ON_DELETE, ON_INSERT, ON_TRUNCATE, ON_UPDATE, Function, Relation, Trigger


class RowNames(BareNames):
    """Columns of OLD and NEW."""

    def column(self, ref: e.ColumnRef) -> str:
        """old.name or new.name."""
        return f"{'old' if ref.id > OLD else 'new'}.{quote_identifier(ref.name)}"


def events_text(trigger: Trigger, relation: Relation) -> str:
    """INSERT OR DELETE OR UPDATE OF a OR TRUNCATE, in the order of the catalog's bits."""
    names = {c.number: c.name for c in relation.columns}
    of = " OF " + ", ".join(quote_identifier(names[number]) for number in trigger.columns) if trigger.columns else ""
    words = ((ON_INSERT, "INSERT"), (ON_DELETE, "DELETE"), (ON_UPDATE, "UPDATE" + of), (ON_TRUNCATE, "TRUNCATE"))
    return " OR ".join(word for bit, word in words if trigger.kind & bit)


def condition_text(trigger: Trigger, catalog: Catalog, objects: ObjectNames, pretty: bool = False) -> str | None:
    """WHEN's condition."""
    if trigger.condition is None:
        return None
    return RuleDeparser(RowNames(), catalog.type, pretty=pretty, objects=objects).text(trigger.condition).lstrip("\n")


def call_text(trigger: Trigger, function: Function, qualified: bool) -> str:
    """EXECUTE FUNCTION name('argument', ...)."""
    name = quote_identifier(function.name)
    schema = f"{quote_identifier(function.schema)}." if qualified else ""
    return f"EXECUTE FUNCTION {schema}{name}({', '.join(quote_literal(argument) for argument in trigger.arguments)})"


def trigger_text(trigger: Trigger, relation: Relation, catalog: Catalog, objects: ObjectNames, pretty: bool) -> str:
    """The whole statement; with `pretty` the table is named as the search path finds it."""
    function = catalog.function(trigger.function)
    found = any(f.oid == function.oid for f in _nearest(function, catalog, objects))
    table = f"{quote_identifier(relation.schema)}.{quote_identifier(relation.name)}"
    if pretty:
        table = objects.name_of("regclass", relation.oid) or table
    when = condition_text(trigger, catalog, objects, pretty)
    parts = [
        f"CREATE TRIGGER {quote_identifier(trigger.name)} {'BEFORE' if trigger.before else 'AFTER'} {events_text(trigger, relation)} ON {table}",
        "FOR EACH ROW" if trigger.row else "FOR EACH STATEMENT",
    ]
    if when is not None:
        parts.append(f"WHEN ({when})")
    parts.append(call_text(trigger, function, not found))
    return " ".join(parts)


def _nearest(function: Function, catalog: Catalog, objects: ObjectNames) -> tuple[Function, ...]:
    """The functions without arguments that its bare name finds."""
    for schema in objects.path:
        found = tuple(f for f in catalog.functions_named(function.name, schema) if not f.inputs)
        if found:
            return found
    return ()
