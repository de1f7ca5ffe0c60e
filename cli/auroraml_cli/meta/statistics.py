"""\\dX: statistics objects; and the lines about them below \\d NAME."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml_cli.meta.listing import listing
from auroraml_cli.meta.patterns import Name, conditions, literal, show, where_clause
from auroraml_cli.meta.registry import Call, meta

KINDS = (("d", "Ndistinct"), ("f", "Dependencies"), ("m", "MCV"))


@meta("dX", suffix=r"\+?")
@listing
def extended_statistics(call: Call, pattern: str | None) -> bool:
    """The statistics objects."""
    found = conditions(
        pattern,
        Name(
            schema="es.stxnamespace::pg_catalog.regnamespace::pg_catalog.text",
            name="es.stxname",
            visible="pg_catalog.pg_statistics_obj_is_visible(es.oid)",
        ),
        call.shell.client.dbname,
    )
    kinds = ", ".join(f"CASE WHEN '{letter}' = ANY (es.stxkind) THEN 'defined' END AS \"{title}\"" for letter, title in KINDS)
    sql = (
        'SELECT es.stxnamespace::pg_catalog.regnamespace::pg_catalog.text AS "Schema", es.stxname AS "Name", '
        "pg_catalog.format('%s FROM %s', pg_catalog.pg_get_statisticsobjdef_columns(es.oid), es.stxrelid::pg_catalog.regclass) AS \"Definition\", "
        f"{kinds}\nFROM pg_catalog.pg_statistic_ext es\n{where_clause(found)}ORDER BY 1, 2"
    )
    return show(call.shell, sql, "List of extended statistics")


def of_relation(oid: str) -> str:
    """The query for the statistics objects of a relation; `lines` writes what it gives."""
    return (
        "SELECT stxnamespace::pg_catalog.regnamespace::pg_catalog.text AS nsp, stxname, pg_catalog.pg_get_statisticsobjdef_columns(oid), "
        "'d' = ANY (stxkind), 'f' = ANY (stxkind), 'm' = ANY (stxkind), stxstattarget, stxrelid::pg_catalog.regclass\n"
        f"FROM pg_catalog.pg_statistic_ext\nWHERE stxrelid = {literal(oid)}::oid\nORDER BY nsp, stxname"
    )


def lines(rows: Sequence[Sequence[str | None]]) -> list[str]:
    """The lines below a relation's columns."""
    found = ["Statistics objects:"] if rows else []
    for schema, name, columns, distinct, dependencies, common, target, table in rows:
        flags = [flag == "t" for flag in (distinct, dependencies, common)]
        words = [word for word, on in zip(("ndistinct", "dependencies", "mcv"), flags, strict=True) if on]
        kinds = f" ({', '.join(words)})" if words and not all(flags) else ""
        found.append(f'    "{schema}.{name}"{kinds} ON {columns} FROM {table}' + (f"; STATISTICS {target}" if target != "-1" else ""))
    return found
