"""\\df, \\da, \\do, \\dC, \\dT, \\dD, \\dL, \\dO, \\dd, \\ddp: functions, operators, casts, types and their kin."""

from __future__ import annotations

from auroraml_cli.meta.listing import listing
from auroraml_cli.meta.patterns import Name, conditions, show, user_schemas, where_clause
from auroraml_cli.meta.registry import Call, meta

FUNCTION = Name(name="p.proname", schema="n.nspname", visible="pg_catalog.pg_function_is_visible(p.oid)")
TYPE = Name(name="t.typname", schema="n.nspname", other="pg_catalog.format_type(t.oid, NULL)", visible="pg_catalog.pg_type_is_visible(t.oid)")
KINDS = {"a": "p.prokind = 'a'", "n": "p.prokind NOT IN ('a', 'w', 'p')", "p": "p.prokind = 'p'", "w": "p.prokind = 'w'"}
TRIGGER = "p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype"
ACL = "pg_catalog.array_to_string({}, E'\\n') AS \"Access privileges\""


def _kinds(letters: str) -> list[str]:
    """The condition that the letters after \\df make."""
    chosen = [letter for letter in letters if letter in "anptw"]
    if not chosen or set(chosen) >= set("anptw"):
        return []
    parts = []
    for letter in "anptw":
        if letter not in chosen:
            continue
        if letter == "t":
            parts.append(TRIGGER)
        elif letter == "n" and "t" not in chosen:
            parts.append("(p.prokind NOT IN ('a', 'w', 'p') AND p.prorettype <> 'pg_catalog.trigger'::pg_catalog.regtype)")
        else:
            parts.append(KINDS[letter])
    return [f"({' OR '.join(parts)})"]


@meta("df", suffix="[anptwS+]*")
@listing
def functions(call: Call, pattern: str | None) -> bool:
    """Functions: results, arguments, kinds."""
    columns = [
        'n.nspname AS "Schema"', 'p.proname AS "Name"', 'pg_catalog.pg_get_function_result(p.oid) AS "Result data type"',
        'pg_catalog.pg_get_function_arguments(p.oid) AS "Argument data types"',
        "CASE p.prokind WHEN 'a' THEN 'agg' WHEN 'w' THEN 'window' WHEN 'p' THEN 'proc' ELSE 'func' END AS \"Type\"",
    ]  # fmt: skip
    joins = "LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
    if call.verbose:
        columns += [
            "CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' WHEN 'v' THEN 'volatile' END AS \"Volatility\"",
            "CASE p.proparallel WHEN 'r' THEN 'restricted' WHEN 's' THEN 'safe' WHEN 'u' THEN 'unsafe' END AS \"Parallel\"",
            'pg_catalog.pg_get_userbyid(p.proowner) AS "Owner"', "CASE WHEN p.prosecdef THEN 'definer' ELSE 'invoker' END AS \"Security\"",
            ACL.format("p.proacl"), 'l.lanname AS "Language"',
            'COALESCE(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) AS "Source code"',
            "pg_catalog.obj_description(p.oid, 'pg_proc') AS \"Description\"",
        ]  # fmt: skip
        joins += " LEFT JOIN pg_catalog.pg_language l ON l.oid = p.prolang"
    found = [*_kinds(call.name[2:]), *conditions(pattern, FUNCTION, call.shell.client.dbname)]
    found += _arguments(call)
    if not call.system and pattern is None:
        found.append(user_schemas("n.nspname"))
    sql = f"SELECT {', '.join(columns)}\nFROM pg_catalog.pg_proc p {joins}\n{where_clause(found)}ORDER BY 1, 2, 4"
    return show(call.shell, sql, "List of functions")


def _arguments(call: Call) -> list[str]:
    """The conditions that the argument types after the name make: each a pattern, - for no more arguments."""
    found: list[str] = []
    number = 0
    while (pattern := call.next(semicolon=True)) is not None:
        if pattern == "-":
            return [*found, f"p.pronargs = {number}"]
        kind = f"(SELECT pg_catalog.format_type(p.proargtypes[{number}], NULL))"
        plain = f"(SELECT x.typname FROM pg_catalog.pg_type x WHERE x.oid = p.proargtypes[{number}])"
        where = Name(name=plain, other=kind)
        found += [f"p.pronargs > {number}", *conditions(SHORT_TYPES.get(pattern.lower(), pattern), where, call.shell.client.dbname)]
        number += 1
    return found


SHORT_TYPES = {
    "decimal": "numeric", "float": "double precision", "int": "integer", "bool[]": "boolean[]", "decimal[]": "numeric[]", "float[]": "double precision[]",
    "float4[]": "real[]", "float8[]": "double precision[]", "int[]": "integer[]", "int2[]": "smallint[]", "int4[]": "integer[]", "int8[]": "bigint[]",
    "time[]": "time without time zone[]", "timetz[]": "time with time zone[]", "timestamp[]": "timestamp without time zone[]",
    "timestamptz[]": "timestamp with time zone[]", "varbit[]": "bit varying[]", "varchar[]": "character varying[]",
}  # fmt: skip


@meta("da", suffix="[S+]*")
@listing
def aggregates(call: Call, pattern: str | None) -> bool:
    """Aggregate functions."""
    found = ["p.prokind = 'a'", *conditions(pattern, FUNCTION, call.shell.client.dbname)]
    if not call.system and pattern is None:
        found.append(user_schemas("n.nspname"))
    sql = (
        'SELECT n.nspname AS "Schema", p.proname AS "Name", pg_catalog.format_type(p.prorettype, NULL) AS "Result data type", '
        "CASE WHEN p.pronargs = 0 THEN '*' ELSE pg_catalog.pg_get_function_arguments(p.oid) END AS \"Argument data types\", "
        "pg_catalog.obj_description(p.oid, 'pg_proc') AS \"Description\"\n"
        f"FROM pg_catalog.pg_proc p LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace\n{where_clause(found)}ORDER BY 1, 2, 4"
    )
    return show(call.shell, sql, "List of aggregate functions")


@meta("do", suffix="[S+]*")
@listing
def operators(call: Call, pattern: str | None) -> bool:
    """Operators."""
    where = Name(name="o.oprname", schema="n.nspname", visible="pg_catalog.pg_operator_is_visible(o.oid)", literally=True)
    found = conditions(pattern, where, call.shell.client.dbname)
    if not call.system and pattern is None:
        found.append(user_schemas("n.nspname"))
    function = 'o.oprcode AS "Function", ' if call.verbose else ""
    sql = (
        'SELECT n.nspname AS "Schema", o.oprname AS "Name", CASE WHEN o.oprkind = \'l\' THEN NULL ELSE pg_catalog.format_type(o.oprleft, NULL) END '
        'AS "Left arg type", CASE WHEN o.oprkind = \'r\' THEN NULL ELSE pg_catalog.format_type(o.oprright, NULL) END AS "Right arg type", '
        f'pg_catalog.format_type(o.oprresult, NULL) AS "Result type", {function}'
        "COALESCE(pg_catalog.obj_description(o.oid, 'pg_operator'), pg_catalog.obj_description(o.oprcode, 'pg_proc')) AS \"Description\"\n"
        f"FROM pg_catalog.pg_operator o LEFT JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace\n{where_clause(found)}ORDER BY 1, 2, 3, 4"
    )
    return show(call.shell, sql, "List of operators")


@meta("dC", suffix=r"\+?")
@listing
def casts(call: Call, pattern: str | None) -> bool:
    """Casts, by source or target type."""
    dbname = call.shell.client.dbname
    sides = []
    for side, space in (("ts", "ns"), ("tt", "nt")):
        where = Name(
            name=f"{side}.typname", schema=f"{space}.nspname", other=f"pg_catalog.format_type({side}.oid, NULL)",
            visible=f"pg_catalog.pg_type_is_visible({side}.oid)",
        )  # fmt: skip
        sides.append(" AND ".join(conditions(pattern, where, dbname)))
    description = ', d.description AS "Description"' if call.verbose else ""
    join = " LEFT JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_cast'::pg_catalog.regclass AND d.objoid = c.oid AND d.objsubid = 0"
    sql = (
        'SELECT pg_catalog.format_type(c.castsource, NULL) AS "Source type", pg_catalog.format_type(c.casttarget, NULL) AS "Target type", '
        "CASE WHEN c.castmethod = 'b' THEN '(binary coercible)' WHEN c.castmethod = 'i' THEN '(with inout)' ELSE p.proname END AS \"Function\", "
        f"CASE c.castcontext WHEN 'e' THEN 'no' WHEN 'a' THEN 'in assignment' ELSE 'yes' END AS \"Implicit?\"{description}\n"
        "FROM pg_catalog.pg_cast c LEFT JOIN pg_catalog.pg_proc p ON c.castfunc = p.oid LEFT JOIN pg_catalog.pg_type ts ON c.castsource = ts.oid "
        "LEFT JOIN pg_catalog.pg_namespace ns ON ns.oid = ts.typnamespace LEFT JOIN pg_catalog.pg_type tt ON c.casttarget = tt.oid "
        f"LEFT JOIN pg_catalog.pg_namespace nt ON nt.oid = tt.typnamespace{join if call.verbose else ''}\n"
        f"WHERE ({sides[0] or 'true'}) OR ({sides[1] or 'true'})\nORDER BY 1, 2"
    )
    return show(call.shell, sql, "List of casts")


@meta("dT", suffix="[S+]*")
@listing
def types(call: Call, pattern: str | None) -> bool:
    """Data types; array types only where the pattern ends in []."""
    name = 'pg_catalog.format_type(t.oid, NULL) AS "Name"'
    columns = ['n.nspname AS "Schema"', name]
    if call.verbose:
        columns += [
            't.typname AS "Internal name"',
            "CASE WHEN t.typrelid <> 0 THEN 'tuple' WHEN t.typlen < 0 THEN 'var' ELSE t.typlen::text END AS \"Size\"",
            "pg_catalog.array_to_string(ARRAY(SELECT e.enumlabel FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder), E'\\n') "
            'AS "Elements"',
            'pg_catalog.pg_get_userbyid(t.typowner) AS "Owner"', ACL.format("t.typacl"),
        ]  # fmt: skip
    columns.append("pg_catalog.obj_description(t.oid, 'pg_type') AS \"Description\"")
    found = ["(t.typrelid = 0 OR EXISTS (SELECT 1 FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))"]
    if pattern is None or not pattern.endswith("[]"):
        found.append("NOT EXISTS (SELECT 1 FROM pg_catalog.pg_type el WHERE el.oid = t.typelem AND el.typarray = t.oid)")
    if not call.system and pattern is None:
        found.append(user_schemas("n.nspname"))
    if pattern is not None:
        pattern = SHORT_TYPES.get(pattern.lower(), pattern)
    found += conditions(pattern, TYPE, call.shell.client.dbname)
    sql = (
        f"SELECT {', '.join(columns)}\nFROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace\n"
        f"{where_clause(found)}ORDER BY 1, 2"
    )
    return show(call.shell, sql, "List of data types")


@meta("dD", suffix="[S+]*")
@listing
def domains(call: Call, pattern: str | None) -> bool:
    """Domains."""
    where = Name(name="t.typname", schema="n.nspname", visible="pg_catalog.pg_type_is_visible(t.oid)")
    found = ["t.typtype = 'd'", *conditions(pattern, where, call.shell.client.dbname)]
    if not call.system and pattern is None:
        found.append(user_schemas("n.nspname"))
    more = f", {ACL.format('t.typacl')}, pg_catalog.obj_description(t.oid, 'pg_type') AS \"Description\"" if call.verbose else ""
    sql = (
        'SELECT n.nspname AS "Schema", t.typname AS "Name", pg_catalog.format_type(t.typbasetype, t.typtypmod) AS "Type", '
        "(SELECT c.collname FROM pg_catalog.pg_collation c, pg_catalog.pg_type bt WHERE c.oid = t.typcollation AND bt.oid = t.typbasetype "
        'AND t.typcollation <> bt.typcollation) AS "Collation", CASE WHEN t.typnotnull THEN \'not null\' END AS "Nullable", t.typdefault AS "Default", '
        "pg_catalog.array_to_string(ARRAY(SELECT pg_catalog.pg_get_constraintdef(r.oid, true) FROM pg_catalog.pg_constraint r "
        f"WHERE t.oid = r.contypid), ' ') AS \"Check\"{more}\n"
        f"FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace\n{where_clause(found)}ORDER BY 1, 2"
    )
    return show(call.shell, sql, "List of domains")


@meta("dL", suffix="[S+]*")
@listing
def languages(call: Call, pattern: str | None) -> bool:
    """Procedural languages."""
    found = conditions(pattern, Name(name="l.lanname"), call.shell.client.dbname)
    if not call.system and pattern is None:
        found.append("l.lanplcallfoid <> 0")
    more = (
        'NOT l.lanispl AS "Internal language", l.lanplcallfoid::pg_catalog.regprocedure AS "Call handler", '
        'l.lanvalidator::pg_catalog.regprocedure AS "Validator", l.laninline::pg_catalog.regprocedure AS "Inline handler", '
        + ACL.format("l.lanacl")
        + ", "
        if call.verbose
        else ""
    )
    sql = (
        'SELECT l.lanname AS "Name", pg_catalog.pg_get_userbyid(l.lanowner) AS "Owner", l.lanpltrusted AS "Trusted", '
        f"{more}pg_catalog.obj_description(l.oid, 'pg_language') AS \"Description\"\nFROM pg_catalog.pg_language l\n{where_clause(found)}ORDER BY 1"
    )
    return show(call.shell, sql, "List of languages")


@meta("dO", suffix="[S+]*")
@listing
def collations(call: Call, pattern: str | None) -> bool:
    """Collations."""
    where = Name(name="c.collname", schema="n.nspname", visible="pg_catalog.pg_collation_is_visible(c.oid)")
    found = ["n.oid = c.collnamespace", "c.collencoding IN (-1, 6)", *conditions(pattern, where, call.shell.client.dbname)]
    if not call.system and pattern is None:
        found.append(user_schemas("n.nspname"))
    description = ", pg_catalog.obj_description(c.oid, 'pg_collation') AS \"Description\"" if call.verbose else ""
    sql = (
        'SELECT n.nspname AS "Schema", c.collname AS "Name", c.collcollate AS "Collate", c.collctype AS "Ctype", c.colliculocale AS "ICU Locale", '
        "CASE c.collprovider WHEN 'd' THEN 'default' WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' END AS \"Provider\", "
        f"CASE WHEN c.collisdeterministic THEN 'yes' ELSE 'no' END AS \"Deterministic?\"{description}\n"
        f"FROM pg_catalog.pg_collation c, pg_catalog.pg_namespace n\n{where_clause(found)}ORDER BY 1, 2"
    )
    return show(call.shell, sql, "List of collations")


@meta("ddp")
@listing
def default_privileges(call: Call, pattern: str | None) -> bool:
    """Default privileges."""
    where = Name(name="n.nspname", other="pg_catalog.pg_get_userbyid(d.defaclrole)")
    sql = (
        "SELECT pg_catalog.pg_get_userbyid(d.defaclrole) AS \"Owner\", n.nspname AS \"Schema\", CASE d.defaclobjtype WHEN 'r' THEN 'table' "
        "WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'function' WHEN 'T' THEN 'type' WHEN 'n' THEN 'schema' END AS \"Type\", "
        f"{ACL.format('d.defaclacl')}\nFROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace\n"
        f"{where_clause(conditions(pattern, where, call.shell.client.dbname))}ORDER BY 1, 2, 3"
    )
    return show(call.shell, sql, "Default access privileges")


@meta("dd", suffix="S?")
@listing
def descriptions(call: Call, pattern: str | None) -> bool:
    """Comments on constraints, operator classes and families, rules and triggers: what other lists do not show."""
    parts = []
    for catalog, name, relation, kind in (
        ("pg_constraint", "conname", "conrelid", "table constraint"), ("pg_trigger", "tgname", "tgrelid", "trigger"),
    ):  # fmt: skip
        where = Name(name=f"o.{name}", schema="n.nspname", visible="pg_catalog.pg_table_is_visible(c.oid)")
        found = conditions(pattern, where, call.shell.client.dbname)
        if not call.system and pattern is None:
            found.append(user_schemas("n.nspname"))
        parts.append(
            f'SELECT n.nspname AS "Schema", o.{name}::text AS "Name", \'{kind}\'::text AS "Object", d.description AS "Description"\n'
            f"FROM pg_catalog.{catalog} o JOIN pg_catalog.pg_class c ON c.oid = o.{relation} LEFT JOIN pg_catalog.pg_namespace n "
            "ON n.oid = c.relnamespace JOIN pg_catalog.pg_description d ON d.objoid = o.oid "
            f"AND d.classoid = 'pg_catalog.{catalog}'::pg_catalog.regclass AND d.objsubid = 0\n{where_clause(found)}"
        )
    sql = " UNION ".join(parts) + "ORDER BY 1, 2, 3"
    return show(call.shell, sql, "Object descriptions")
