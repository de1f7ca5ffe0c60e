"""\\d without a name, \\dt, \\di, \\dv, \\dm, \\ds, \\dE: lists of relations; \\dp and \\z: their privileges."""

from __future__ import annotations

from auroraml_cli.meta.listing import listing
from auroraml_cli.meta.patterns import BadPattern, Name, conditions, print_list, show, user_schemas, where_clause
from auroraml_cli.meta.registry import Call, Outcome, meta
from auroraml_cli.meta.relation import describe
from auroraml_cli.shell import Shell

KINDS = {"t": ("r", "p"), "v": ("v",), "m": ("m",), "i": ("i", "I"), "s": ("S",), "E": ("f",)}
KIND_NAMES = (
    "CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'i' THEN 'index' WHEN 'S' THEN 'sequence' "
    "WHEN 't' THEN 'TOAST table' WHEN 'f' THEN 'foreign table' WHEN 'p' THEN 'partitioned table' WHEN 'I' THEN 'partitioned index' END"
)
RELATION = Name(name="c.relname", schema="n.nspname", visible="pg_catalog.pg_table_is_visible(c.oid)")


@meta("d", suffix="[S+]*")
def describe_or_list(call: Call) -> Outcome:
    """Describe the relations a pattern names; without one list tables, views, materialized views, sequences and foreign tables."""
    pattern = call.next(semicolon=True)
    try:
        if pattern is None:
            done = list_relations(call.shell, "tvmsE", None, verbose=call.verbose, system=call.system)
        else:
            done = describe(call.shell, pattern, verbose=call.verbose, system=call.system)
    except BadPattern as error:
        call.shell.error(str(error))
        done = False
    return Outcome.DONE if done else Outcome.ERROR


@meta("dt", "dv", "dm", "di", "ds", "dE", suffix="[tvmisES+]*")
@listing
def list_some(call: Call, pattern: str | None) -> bool:
    """List relations of the kinds that the command's letters name."""
    return list_relations(call.shell, call.name[1:], pattern, verbose=call.verbose, system=call.system)


def list_relations(shell: Shell, letters: str, pattern: str | None, *, verbose: bool, system: bool) -> bool:
    """The list; False when its query failed."""
    kinds = [kind for letter, some in KINDS.items() if letter in letters for kind in some]
    if system or pattern is not None:
        kinds += (["t"] if "t" in letters else []) + (["s"] if "t" in letters or "s" in letters else [])
    columns = ['n.nspname AS "Schema"', 'c.relname AS "Name"', f'{KIND_NAMES} AS "Type"', 'pg_catalog.pg_get_userbyid(c.relowner) AS "Owner"']
    indexes = "i" in letters
    if indexes:
        columns.append('c2.relname AS "Table"')
    joins = "LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    if verbose:
        columns.append("CASE c.relpersistence WHEN 'p' THEN 'permanent' WHEN 't' THEN 'temporary' WHEN 'u' THEN 'unlogged' END AS \"Persistence\"")
        if not shell.variables.on("HIDE_TABLEAM") and any(letter in letters for letter in "tmi"):
            columns.append('am.amname AS "Access method"')
            joins += " LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam"
        columns += [
            'pg_catalog.pg_size_pretty(pg_catalog.pg_table_size(c.oid)) AS "Size"', "pg_catalog.obj_description(c.oid, 'pg_class') AS \"Description\"",
        ]  # fmt: skip
    if indexes:
        joins += " LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_catalog.pg_class c2 ON i.indrelid = c2.oid"
    chosen = ", ".join(f"'{kind}'" for kind in kinds)
    found = [f"c.relkind IN ({chosen})", *conditions(pattern, RELATION, shell.client.dbname)]
    if not system and pattern is None:
        found += [user_schemas("n.nspname"), "n.nspname !~ '^pg_toast'"]
    sql = f"SELECT {', '.join(columns)}\nFROM pg_catalog.pg_class c {joins}\n{where_clause(found)}ORDER BY 1, 2"
    result = shell.fetch(sql)
    if result is None:
        return False
    if not result.rows and not shell.quiet:
        shell.error(f'Did not find any relation named "{pattern}".' if pattern is not None else "Did not find any relations.")
        return True
    print_list(shell, result, "List of relations")
    return True


@meta("dp", "z", suffix="[S+]*")
@listing
def privileges(call: Call, pattern: str | None) -> bool:
    """The privileges on tables, views and sequences, and on columns."""
    shell = call.shell
    found = ["c.relkind IN ('r', 'v', 'm', 'S', 'f', 'p')", *conditions(pattern, RELATION, shell.client.dbname)]
    if pattern is None or "." not in pattern:
        found.append("n.nspname !~ '^pg_'")
    columns = [
        'n.nspname AS "Schema"', 'c.relname AS "Name"', f'{KIND_NAMES} AS "Type"',
        "pg_catalog.array_to_string(c.relacl, E'\\n') AS \"Access privileges\"",
        "pg_catalog.array_to_string(ARRAY(SELECT a.attname || E':\\n  ' || pg_catalog.array_to_string(a.attacl, E'\\n  ') "
        "FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attacl IS NOT NULL), E'\\n') AS \"Column privileges\"",
        "''::text AS \"Policies\"",
    ]  # fmt: skip
    sql = (
        f"SELECT {', '.join(columns)}\nFROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace\n"
        f"{where_clause(found)}ORDER BY 1, 2"
    )
    return show(shell, sql, "Access privileges")
