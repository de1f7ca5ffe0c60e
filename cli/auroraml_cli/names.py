"""Names: what completion offers, read from pg_catalog once and again after statements that change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from auroraml.records import dataclass
from auroraml_cli.client import Client, DatabaseError

CHANGING = ("CREATE", "ALTER", "DROP", "SELECT INTO", "SET", "RESET", "COMMIT", "ROLLBACK", "BEGIN")  # tags after which names are read anew
QUERIES = {
    "relations": "SELECT n.nspname, c.relname, c.relkind FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'v', 'm', 'S', 'f', 'p', 'i')",
    "columns": "SELECT n.nspname, c.relname, a.attname FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum",
    "functions": "SELECT DISTINCT n.nspname, p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace",
    "schemas": "SELECT nspname FROM pg_catalog.pg_namespace",
    "roles": "SELECT rolname FROM pg_catalog.pg_roles",
    "databases": "SELECT datname FROM pg_catalog.pg_database",
    "types": "SELECT pg_catalog.format_type(oid, NULL) FROM pg_catalog.pg_type WHERE typtype <> 'p' AND typelem = 0 AND typrelid = 0",
    "settings": "SELECT name FROM pg_catalog.pg_settings",
    "extensions": "SELECT name FROM pg_catalog.pg_available_extensions",
    "path": "SELECT pg_catalog.unnest(pg_catalog.current_schemas(true))",
}


@dataclass(kw_only=True)
class Names:
    """The names by kind; pairs are (schema, name)."""

    relations: list[tuple[str, str, str]] = field(default_factory=list)
    columns: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    functions: list[tuple[str, str]] = field(default_factory=list)
    schemas: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    databases: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    extensions: list[str] = field(default_factory=list)
    path: list[str] = field(default_factory=lambda: ["pg_catalog", "public"])

    def columns_of(self, schema: str | None, table: str) -> list[str]:
        """A table's columns, found along the search path where no schema is given."""
        for candidate in [schema] if schema is not None else self.path:
            found = self.columns.get((candidate, table))
            if found is not None:
                return found
        return []


def _fetch(client: Client, sql: str) -> Sequence[Sequence[str]]:
    """Rows without NULLs; none where the query fails: completion then offers less."""
    try:
        rows = [result.rows for result in client.run(sql)][-1]
    except DatabaseError:
        return []
    return [[value or "" for value in row] for row in rows]


def read_names(client: Client) -> Names:
    """All names that a connection sees."""
    found = {kind: _fetch(client, sql) for kind, sql in QUERIES.items()}
    columns: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in found["columns"]:
        columns.setdefault((schema, table), []).append(column)
    single = {kind: sorted(row[0] for row in found[kind]) for kind in ("schemas", "roles", "databases", "types", "settings", "extensions")}
    return Names(
        relations=[(schema, name, kind) for schema, name, kind in found["relations"]], columns=columns,
        functions=[(schema, name) for schema, name in found["functions"]], path=[row[0] for row in found["path"]] or ["pg_catalog", "public"], **single,
    )  # fmt: skip
