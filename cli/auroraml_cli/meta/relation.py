"""\\d NAME: one relation's columns, and below them its indexes, constraints, definition and options."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from auroraml.records import dataclass
from auroraml_cli.meta.patterns import Name, conditions, literal, user_schemas, where_clause
from auroraml_cli.meta.statistics import lines, of_relation
from auroraml_cli.output import NUMERIC, Table
from auroraml_cli.shell import Shell

TITLES = {"r": "Table", "v": "View", "m": "Materialized view", "S": "Sequence", "i": "Index", "I": "Partitioned index", "t": "TOAST table",
          "c": "Composite type", "f": "Foreign table", "p": "Partitioned table", "s": "Special relation"}  # fmt: skip
UNLOGGED = {"r": "Unlogged table", "m": "Unlogged materialized view", "S": "Unlogged sequence", "i": "Unlogged index"}
STORAGE = {"p": "plain", "m": "main", "x": "extended", "e": "external"}
COMPRESSION = {"p": "pglz", "l": "lz4"}
RELATION = Name(name="c.relname", schema="n.nspname", visible="pg_catalog.pg_table_is_visible(c.oid)")
WITH_DEFAULTS = frozenset("rvmfcp")
COLUMN = (
    "a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.pg_get_expr(d.adbin, d.adrelid, true), a.attnotnull, k.collname, "
    "a.attidentity, a.attgenerated, a.attstorage, a.attcompression, CASE WHEN a.attstattarget = -1 THEN NULL ELSE a.attstattarget END, "
    "pg_catalog.col_description(a.attrelid, a.attnum)"
)
INDEX_COLUMN = (
    "CASE WHEN a.attnum <= (SELECT i.indnkeyatts FROM pg_catalog.pg_index i WHERE i.indexrelid = a.attrelid) THEN 'yes' ELSE 'no' END, "
    "pg_catalog.pg_get_indexdef(a.attrelid, a.attnum::int4, true)"
)
COLUMN_JOINS = (
    "LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid LEFT JOIN pg_catalog.pg_collation k ON k.oid = a.attcollation "
    "AND a.attcollation <> t.typcollation LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef"
)
Rows = Sequence[Sequence[str | None]]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The relation being described."""

    oid: str
    schema: str
    name: str
    kind: str
    persistence: str
    options: str
    access_method: str
    replica_identity: str

    @property
    def title(self) -> str:
        """The heading."""
        titles = UNLOGGED if self.persistence == "u" and self.kind in UNLOGGED else TITLES
        return f'{titles.get(self.kind, "?" + self.kind)} "{self.schema}.{self.name}"'


def describe(shell: Shell, pattern: str, *, verbose: bool, system: bool) -> bool:
    """Describe every relation that the pattern names; False when there is none."""
    found = conditions(pattern, RELATION, shell.client.dbname)
    wild = all(not condition.startswith("c.relname") for condition in found)
    if wild and not system:
        found.append(user_schemas("n.nspname"))
    result = shell.fetch(
        "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, COALESCE(pg_catalog.array_to_string(c.reloptions, ', '), ''), "
        "COALESCE(am.amname, ''), c.relreplident\n"
        "FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_am am ON c.relam = am.oid\n"
        f"{where_clause(found)}ORDER BY 2, 3"
    )
    if result is None:
        return False
    if not result.rows:
        if not shell.quiet:
            shell.error(f'Did not find any relation named "{pattern}".')
        return False
    for row in result.rows:
        oid, schema, name, kind, persistence, options, method, identity = (value or "" for value in row)
        subject = Subject(
            oid=oid, schema=schema, name=name, kind=kind, persistence=persistence, options=options, access_method=method, replica_identity=identity
        )
        if not (_sequence(shell, subject) if kind == "S" else _one(shell, subject, verbose)):
            return False
    return True


def _rows(shell: Shell, sql: str) -> Rows:
    result = shell.fetch(sql)
    if result is None:
        raise _Failed
    return result.rows


class _Failed(Exception):
    """A query failed, and that was reported."""


def _print(shell: Shell, table: Table) -> None:
    options = copy(shell.options)
    options.null = ""
    options.title = table.title
    options.footer = False
    options.expanded = "off"  # psql too: footers below records would confuse
    shell.print_table(table, options)


def _one(shell: Shell, subject: Subject, verbose: bool) -> bool:
    try:
        columns, rows = _columns(shell, subject, verbose)
        footers = _index_footers(shell, subject) if subject.kind in "iI" else _footers(shell, subject, verbose)
    except _Failed:
        return False
    _print(shell, Table(columns=columns, numeric=[False] * len(columns), rows=rows, title=subject.title, footers=footers))
    return True


def _columns(shell: Shell, subject: Subject, verbose: bool) -> tuple[list[str], list[list[str]]]:
    """The header and rows of the columns."""
    kind = subject.kind
    index = kind in "iI"
    raw = _rows(
        shell,
        f"SELECT {COLUMN}, {INDEX_COLUMN if index else 'NULL, NULL'}\nFROM pg_catalog.pg_attribute a {COLUMN_JOINS}\n"
        f"WHERE a.attrelid = {literal(subject.oid)}::oid AND a.attnum > 0 AND NOT a.attisdropped\nORDER BY a.attnum",
    )
    heads = ["Column", "Type"]
    heads += ["Collation", "Nullable", "Default"] if kind in WITH_DEFAULTS else ["Key?", "Definition"] if index else []
    compression = verbose and not shell.variables.on("HIDE_TOAST_COMPRESSION") and kind in "rpm"
    targets = verbose and kind in "riImfp"
    comments = verbose and kind in "rvmcfp"
    heads += ["Storage"] if verbose else []
    heads += ["Compression"] * compression + ["Stats target"] * targets + ["Description"] * comments
    rows = []
    for name, type, default, not_null, collation, identity, generated, storage, method, target, comment, key, definition in raw:
        row = [name or "", type or ""]
        if kind in WITH_DEFAULTS:
            row += [collation or "", "not null" if not_null == "t" else "", _default(default, identity or "", generated or "")]
        elif index:
            row += [key or "", definition or ""]
        row += [STORAGE.get(storage or "", "???")] if verbose else []
        row += [COMPRESSION.get(method or "", "")] * compression + [target or ""] * targets + [comment or ""] * comments
        rows.append(row)
    return heads, rows


def _default(default: str | None, identity: str, generated: str) -> str:
    if identity in ("a", "d"):
        return f"generated {'always' if identity == 'a' else 'by default'} as identity"
    return f"generated always as ({default}) stored" if generated == "s" else default or ""


def _index_footers(shell: Shell, subject: Subject) -> list[str]:
    rows = _rows(
        shell,
        "SELECT i.indisunique, i.indisprimary, i.indisclustered, i.indisvalid, NOT i.indimmediate AND EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k "
        "WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x') AND k.condeferrable), "
        "i.indisreplident, i.indnullsnotdistinct, a.amname, n.nspname, t.relname, pg_catalog.pg_get_expr(i.indpred, i.indrelid, true)\n"
        "FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON i.indexrelid = c.oid JOIN pg_catalog.pg_am a ON c.relam = a.oid "
        "JOIN pg_catalog.pg_class t ON i.indrelid = t.oid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace\n"
        f"WHERE c.oid = {literal(subject.oid)}::oid",
    )
    if not rows:
        return []
    unique, primary, clustered, valid, deferrable, identity, not_distinct, method, schema, table, predicate = rows[0]
    text = ""
    if primary == "t":
        text = "primary key, "
    elif unique == "t":
        text = f"unique{' nulls not distinct' if not_distinct == 't' else ''}, "
    text += f'{method}, for table "{schema}.{table}"'
    text += f", predicate ({predicate})" if predicate else ""
    marks = (
        (clustered == "t", ", clustered"),
        (valid != "t", ", invalid"),
        (deferrable == "t", ", deferrable"),
        (identity == "t", ", replica identity"),
    )
    return [text + "".join(words for on, words in marks if on)]


def _footers(shell: Shell, subject: Subject, verbose: bool) -> list[str]:
    footers: list[str] = []
    if subject.kind in "rmpt":
        footers += _indexes(shell, subject)
    if subject.kind in "rpf":
        footers += _constraints(shell, subject)
    if subject.kind in "rmpf":
        footers += lines(_rows(shell, of_relation(subject.oid)))
    if subject.kind in "vm" and verbose:
        rows = _rows(shell, f"SELECT pg_catalog.pg_get_viewdef({literal(subject.oid)}::oid, true)")
        footers += ["View definition:", *(rows[0][0] or "").split("\n")]
    if subject.kind == "r":
        footers += _triggers(shell, subject)
    if verbose:
        if subject.kind in "rmp" and subject.replica_identity not in ("d", "n", ""):
            footers.append("Replica Identity: FULL" if subject.replica_identity == "f" else f"Replica Identity: {subject.replica_identity}")
        if subject.access_method and subject.kind in "rmt" and not shell.variables.on("HIDE_TABLEAM"):
            footers.append(f"Access method: {subject.access_method}")
        if subject.options:
            footers.append(f"Options: {subject.options}")
    return footers


def _indexes(shell: Shell, subject: Subject) -> list[str]:
    rows = _rows(
        shell,
        "SELECT c.relname, i.indisprimary, i.indisunique, i.indisclustered, i.indisvalid, pg_catalog.pg_get_indexdef(i.indexrelid, 0, true), "
        "pg_catalog.pg_get_constraintdef(k.oid, true), k.contype, k.condeferrable, k.condeferred, i.indisreplident\n"
        "FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON i.indexrelid = c.oid LEFT JOIN pg_catalog.pg_constraint k "
        "ON k.conrelid = i.indrelid AND k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')\n"
        f"WHERE i.indrelid = {literal(subject.oid)}::oid\nORDER BY i.indisprimary DESC, c.relname",
    )
    footers = ["Indexes:"] if rows else []
    for name, primary, unique, clustered, valid, definition, constraint, kind, deferrable, deferred, identity in rows:
        text = f'    "{name}"'
        if kind == "x":
            text += f" {constraint}"
        else:
            if primary == "t":
                text += " PRIMARY KEY,"
            elif unique == "t":
                text += " UNIQUE CONSTRAINT," if kind == "u" else " UNIQUE,"
            text += " " + (definition or "").partition(" USING ")[2]
            text += " DEFERRABLE" if deferrable == "t" else ""
            text += " INITIALLY DEFERRED" if deferred == "t" else ""
        text += " CLUSTER" if clustered == "t" else ""
        text += " INVALID" if valid != "t" else ""
        text += " REPLICA IDENTITY" if identity == "t" else ""
        footers.append(text)
    return footers


def _constraints(shell: Shell, subject: Subject) -> list[str]:
    oid = literal(subject.oid)
    footers = []
    for kind, heading in (("c", "Check constraints:"), ("f", "Foreign-key constraints:")):
        rows = _rows(
            shell,
            "SELECT r.conname, pg_catalog.pg_get_constraintdef(r.oid, true)\nFROM pg_catalog.pg_constraint r\n"
            f"WHERE r.conrelid = {oid}::oid AND r.contype = '{kind}'\nORDER BY 1",
        )
        footers += [heading] if rows else []
        footers += [f'    "{name}" {definition}' for name, definition in rows]
    rows = _rows(
        shell,
        "SELECT r.conname, r.conrelid::pg_catalog.regclass, pg_catalog.pg_get_constraintdef(r.oid, true)\nFROM pg_catalog.pg_constraint r\n"
        f"WHERE r.confrelid = {oid}::oid AND r.contype = 'f'\nORDER BY 1",
    )
    footers += ["Referenced by:"] if rows else []
    return footers + [f'    TABLE "{table}" CONSTRAINT "{name}" {definition}' for name, table, definition in rows]


TRIGGER_HEADINGS = (
    ("O", "Triggers:"),
    ("D", "Disabled user triggers:"),
    ("A", "Triggers firing always:"),
    ("R", "Triggers firing on replica only:"),
)


def _triggers(shell: Shell, subject: Subject) -> list[str]:
    rows = _rows(
        shell,
        "SELECT t.tgname, pg_catalog.pg_get_triggerdef(t.oid, true), t.tgenabled, t.tgisinternal\nFROM pg_catalog.pg_trigger t\n"
        f"WHERE t.tgrelid = {literal(subject.oid)}::oid AND NOT t.tgisinternal\nORDER BY 1",
    )
    footers = []
    for state, heading in TRIGGER_HEADINGS:
        found = [(definition or "").partition(" TRIGGER ")[2] for _, definition, enabled, _ in rows if enabled == state]
        footers += [heading, *(f"    {text}" for text in found)] if found else []
    return footers


def _sequence(shell: Shell, subject: Subject) -> bool:
    oid = literal(subject.oid)
    result = shell.fetch(
        'SELECT pg_catalog.format_type(seqtypid, NULL) AS "Type", seqstart AS "Start", seqmin AS "Minimum", seqmax AS "Maximum", '
        'seqincrement AS "Increment", CASE WHEN seqcycle THEN \'yes\' ELSE \'no\' END AS "Cycles?", seqcache AS "Cache"\n'
        f"FROM pg_catalog.pg_sequence\nWHERE seqrelid = {oid}::oid"
    )
    owners = shell.fetch(
        "SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) || '.' || pg_catalog.quote_ident(a.attname), d.deptype\n"
        "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_depend d ON c.oid = d.refobjid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid\n"
        "WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass "
        f"AND d.objid = {oid}::oid AND d.deptype IN ('a', 'i')"
    )
    if result is None or owners is None:
        return False
    footers = [f"{'Owned by' if kind == 'a' else 'Sequence for identity column'}: {column}" for column, kind in owners.rows]
    columns = result.columns or ()
    table = Table(
        columns=[column.name for column in columns], numeric=[column.type in NUMERIC for column in columns], rows=result.rows,
        title=subject.title, footers=footers,
    )  # fmt: skip
    _print(shell, table)
    return True
