"""pg_trigger and information_schema's triggers."""

from __future__ import annotations

from auroraml.catalog.acl import owns
from auroraml.catalog.names import ObjectNames
from auroraml.catalog.printing import expression_text
from auroraml.catalog.trigger_text import condition_text, trigger_text
from auroraml.ir.objects import BEFORE, ON_DELETE, ON_INSERT, ON_UPDATE, ROW, Relation, Trigger
from auroraml.system_views.information_schema import reader, visible
from auroraml.system_views.registry import Reader, Rows, view
from auroraml.types.pg_type import PgArray

SHOWN = ((ON_INSERT, "INSERT"), (ON_DELETE, "DELETE"), (ON_UPDATE, "UPDATE"))


@view("pg_catalog.pg_trigger", per_catalog=True)
def pg_trigger(ctx: Reader) -> Rows:
    """The triggers that were created; those of foreign keys are no rows here."""
    return [
        {"oid": t.oid, "tgrelid": r.oid, "tgparentid": 0, "tgname": t.name, "tgfoid": t.function, "tgtype": t.kind, "tgenabled": t.enabled,
         "tgisinternal": False, "tgconstrrelid": 0, "tgconstrindid": 0, "tgconstraint": 0, "tgdeferrable": False, "tginitdeferred": False,
         "tgnargs": len(t.arguments), "tgattr": PgArray.of(tuple(t.columns)), "tgargs": "".join(f"{a}\0" for a in t.arguments).encode(),
         "tgqual": None if t.condition is None else expression_text(t.condition, ctx.catalog)}
        for r in ctx.catalog.relations() for t in r.triggers
    ]  # fmt: skip


@view("information_schema.triggers")
def triggers(ctx: Reader) -> Rows:
    """A row for each event but TRUNCATE of the triggers of tables on which the reader may do more than read."""
    found: Rows = []
    objects = ObjectNames(ctx.catalog, ctx.host.names.path)
    for r in visible(ctx, "r", "awdDxt", system=False):
        for t in r.triggers:
            text = trigger_text(t, r, ctx.catalog, objects, False)
            condition = condition_text(t, ctx.catalog, objects) if owns(ctx.catalog, reader(ctx), r.owner) else None
            for bit, event in SHOWN:
                if t.kind & bit:
                    found.append({
                        "trigger_catalog": ctx.dbname, "trigger_schema": r.schema, "trigger_name": t.name, "event_manipulation": event,
                        "event_object_catalog": ctx.dbname, "event_object_schema": r.schema, "event_object_table": r.name,
                        "action_order": _order(t, r, bit), "action_condition": condition,
                        "action_statement": text[text.rindex("EXECUTE FUNCTION") :], "action_orientation": "ROW" if t.row else "STATEMENT",
                        "action_timing": "BEFORE" if t.before else "AFTER",
                    })  # fmt: skip
    return found


def _order(trigger: Trigger, relation: Relation, bit: int) -> int:
    """Its place among those that are called at the same time."""
    kind = trigger.kind & (ROW | BEFORE)
    return sum(t.kind & bit != 0 and t.kind & (ROW | BEFORE) == kind and t.name.encode() <= trigger.name.encode() for t in relation.triggers)


@view("information_schema.triggered_update_columns")
def triggered_update_columns(ctx: Reader) -> Rows:
    """The columns of UPDATE OF."""
    return [
        {"trigger_catalog": ctx.dbname, "trigger_schema": r.schema, "trigger_name": t.name, "event_object_catalog": ctx.dbname,
         "event_object_schema": r.schema, "event_object_table": r.name, "event_object_column": c.name}
        for r in visible(ctx, "r", "awdDxt", system=False) for t in r.triggers for number in t.columns for c in r.columns if c.number == number
    ]  # fmt: skip
