"""\\l, \\dn, \\du, \\dg, \\dx, \\db, \\dconfig, \\drds: databases, schemas, roles, extensions, tablespaces, parameters."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace

from auroraml_cli.meta.listing import listing
from auroraml_cli.meta.patterns import BadPattern, Name, conditions, literal, show, where_clause
from auroraml_cli.meta.registry import Call, Outcome, meta
from auroraml_cli.output import Table
from auroraml_cli.shell import table_of

ACL = "pg_catalog.array_to_string({}, E'\\n') AS \"Access privileges\""


@meta("l", "list", suffix=r"\+?")
@listing
def databases(call: Call, pattern: str | None) -> bool:
    """The databases."""
    more, join = "", ""
    if call.verbose:
        more = (
            ", CASE WHEN pg_catalog.has_database_privilege(d.datname, 'CONNECT') THEN pg_catalog.pg_size_pretty(pg_catalog.pg_database_size(d.datname)) "
            'ELSE \'No Access\' END AS "Size", t.spcname AS "Tablespace", pg_catalog.shobj_description(d.oid, \'pg_database\') AS "Description"'
        )
        join = " JOIN pg_catalog.pg_tablespace t ON d.dattablespace = t.oid"
    sql = (
        'SELECT d.datname AS "Name", pg_catalog.pg_get_userbyid(d.datdba) AS "Owner", pg_catalog.pg_encoding_to_char(d.encoding) AS "Encoding", '
        'd.datcollate AS "Collate", d.datctype AS "Ctype", d.daticulocale AS "ICU Locale", '
        "CASE d.datlocprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' END AS \"Locale Provider\", "
        f"{ACL.format('d.datacl')}{more}\nFROM pg_catalog.pg_database d{join}\n"
        f"{where_clause(conditions(pattern, Name(name='d.datname'), call.shell.client.dbname))}ORDER BY 1"
    )
    return show(call.shell, sql, "List of databases")


@meta("dn", suffix="[S+]*")
@listing
def schemas(call: Call, pattern: str | None) -> bool:
    """The schemas."""
    found = conditions(pattern, Name(name="n.nspname"), call.shell.client.dbname)
    if not call.system and pattern is None:
        found.append("n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'")
    more = f", {ACL.format('n.nspacl')}, pg_catalog.obj_description(n.oid, 'pg_namespace') AS \"Description\"" if call.verbose else ""
    sql = (
        f'SELECT n.nspname AS "Name", pg_catalog.pg_get_userbyid(n.nspowner) AS "Owner"{more}\nFROM pg_catalog.pg_namespace n\n'
        f"{where_clause(found)}ORDER BY 1"
    )
    return show(call.shell, sql, "List of schemas")


ATTRIBUTES = ((1, "t", "Superuser"), (2, "f", "No inheritance"), (3, "t", "Create role"), (4, "t", "Create DB"), (5, "f", "Cannot login"),
              (9, "t", "Replication"), (10, "t", "Bypass RLS"))  # fmt: skip


def _attributes(row: Sequence[str | None]) -> str:
    """A role's attributes in words."""
    text = ", ".join(words for column, value, words in ATTRIBUTES if row[column] == value)
    limit = int(row[6] or "-1")
    if limit >= 0:
        text += "\n" if text else ""
        text += "No connections" if limit == 0 else f"{limit} connection{'' if limit == 1 else 's'}"
    if row[7] is not None:
        text += ("\n" if text else "") + f"Password valid until {row[7]}"
    return text


@meta("du", "dg", suffix="[S+]*")
@listing
def roles(call: Call, pattern: str | None) -> bool:
    """The roles."""
    found = conditions(pattern, Name(name="r.rolname"), call.shell.client.dbname)
    if not call.system and pattern is None:
        found.append("r.rolname !~ '^pg_'")
    result = call.shell.fetch(
        "SELECT r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolconnlimit, r.rolvaliduntil, "
        "ARRAY(SELECT b.rolname FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles b ON m.roleid = b.oid WHERE m.member = r.oid), "
        "r.rolreplication, r.rolbypassrls, pg_catalog.shobj_description(r.oid, 'pg_authid')\n"
        f"FROM pg_catalog.pg_roles r\n{where_clause(found)}ORDER BY 1"
    )
    if result is None:
        return False
    rows = [[row[0], _attributes(row), row[8], *([row[11]] if call.verbose else [])] for row in result.rows]
    columns = ["Role name", "Attributes", "Member of", *(["Description"] if call.verbose else [])]
    options = copy(call.shell.options)
    options.null = ""
    table = Table(columns=columns, numeric=[False] * len(columns), rows=rows, title="List of roles", footers=())
    options.title = table.title
    call.shell.print_table(table, options)
    return True


@meta("dx", suffix=r"\+?")
@listing
def extensions(call: Call, pattern: str | None) -> bool:
    """The installed extensions; with + the objects of each."""
    found = conditions(pattern, Name(name="e.extname"), call.shell.client.dbname)
    if call.verbose:
        return _contents(call, pattern, found)
    sql = (
        'SELECT e.extname AS "Name", e.extversion AS "Version", n.nspname AS "Schema", c.description AS "Description"\n'
        "FROM pg_catalog.pg_extension e LEFT JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace LEFT JOIN pg_catalog.pg_description c "
        f"ON c.objoid = e.oid AND c.classoid = 'pg_catalog.pg_extension'::pg_catalog.regclass\n{where_clause(found)}ORDER BY 1"
    )
    return show(call.shell, sql, "List of installed extensions")


def _contents(call: Call, pattern: str | None, found: Sequence[str]) -> bool:
    shell = call.shell
    result = shell.fetch(f"SELECT e.extname, e.oid\nFROM pg_catalog.pg_extension e\n{where_clause(found)}ORDER BY 1")
    if result is None:
        return False
    if not result.rows:
        if not shell.quiet:
            shell.error(f'Did not find any extension named "{pattern}".' if pattern is not None else "Did not find any extensions.")
        return False
    for name, oid in result.rows:
        sql = (
            'SELECT pg_catalog.pg_describe_object(d.classid, d.objid, 0) AS "Object description"\nFROM pg_catalog.pg_depend d\n'
            f"WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = {literal(oid or '0')}::oid AND d.deptype = 'e'\n"
            "ORDER BY 1"
        )
        if not show(shell, sql, f'Objects in extension "{name}"'):
            return False
    return True


@meta("db", suffix=r"\+?")
@listing
def tablespaces(call: Call, pattern: str | None) -> bool:
    """The tablespaces."""
    more = (
        f', {ACL.format("spcacl")}, spcoptions AS "Options", pg_catalog.pg_size_pretty(pg_catalog.pg_tablespace_size(oid)) AS "Size", '
        "pg_catalog.shobj_description(oid, 'pg_tablespace') AS \"Description\""
        if call.verbose
        else ""
    )
    sql = (
        'SELECT spcname AS "Name", pg_catalog.pg_get_userbyid(spcowner) AS "Owner", pg_catalog.pg_tablespace_location(oid) AS "Location"'
        f"{more}\nFROM pg_catalog.pg_tablespace\n{where_clause(conditions(pattern, Name(name='spcname'), call.shell.client.dbname))}ORDER BY 1"
    )
    return show(call.shell, sql, "List of tablespaces")


@meta("dconfig", suffix=r"\+?")
@listing
def parameters(call: Call, pattern: str | None) -> bool:
    """The configuration parameters: those a pattern names, or those that are not at their defaults."""
    if pattern is None:
        found = ["s.source <> 'default' AND s.setting IS DISTINCT FROM s.boot_val"]
        title = "List of non-default configuration parameters"
    else:
        found = conditions(pattern, Name(name="pg_catalog.lower(s.name)"), call.shell.client.dbname)
        title = "List of configuration parameters"
    more, join = "", ""
    if call.verbose:
        more = f', s.vartype AS "Type", s.context AS "Context", {ACL.format("p.paracl")}'
        join = " LEFT JOIN pg_catalog.pg_parameter_acl p ON pg_catalog.lower(s.name) = p.parname"
    sql = (
        f'SELECT s.name AS "Parameter", pg_catalog.current_setting(s.name) AS "Value"{more}\nFROM pg_catalog.pg_settings s{join}\n'
        f"{where_clause(found)}ORDER BY 1"
    )
    return show(call.shell, sql, title)


@meta("dA", suffix=r"\+?")
@listing
def access_methods(call: Call, pattern: str | None) -> bool:
    """The access methods."""
    more = ', amhandler AS "Handler", pg_catalog.obj_description(oid, \'pg_am\') AS "Description"' if call.verbose else ""
    sql = (
        f"SELECT amname AS \"Name\", CASE amtype WHEN 'i' THEN 'Index' WHEN 't' THEN 'Table' END AS \"Type\"{more}\nFROM pg_catalog.pg_am\n"
        f"{where_clause(conditions(pattern, Name(name='amname'), call.shell.client.dbname))}ORDER BY 1"
    )
    return show(call.shell, sql, "List of access methods")


@meta("drds")
def role_settings(call: Call) -> Outcome:
    """Settings of roles and databases: the patterns name first roles, then databases."""
    shell = call.shell
    role, database = call.next(semicolon=True), call.next(semicolon=True)
    try:
        found = conditions(role, Name(name="r.rolname"), shell.client.dbname) + conditions(database, Name(name="d.datname"), shell.client.dbname)
    except BadPattern as error:
        shell.error(str(error))
        return Outcome.ERROR
    sql = (
        'SELECT r.rolname AS "Role", d.datname AS "Database", pg_catalog.array_to_string(s.setconfig, E\'\\n\') AS "Settings"\n'
        "FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_catalog.pg_roles r "
        f"ON r.oid = s.setrole\n{where_clause(found)}ORDER BY 1, 2"
    )
    result = shell.fetch(sql)
    if result is None:
        return Outcome.ERROR
    if result.rows or shell.quiet:
        shell.print_table(replace(table_of(result), title="List of settings"))
    elif role is None:
        shell.error("Did not find any settings.")
    else:
        shell.error(f'Did not find any settings for role "{role}"{"" if database is None else f" and database {chr(34)}{database}{chr(34)}"}.')
    return Outcome.DONE
