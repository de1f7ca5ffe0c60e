"""Statistics in golden files: a schema, its statistics as JSON, and TPC-H's data, with which PostgreSQL is filled when it answers for such a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from auroraml.catalog.statistics_query import STATISTICS_QUERY

GOLDEN = Path(__file__).parent.parent / "golden"
RECORDER = GOLDEN.parent.parent / "tools" / "record_statistics.py"
TABLES = ("region", "nation", "part", "supplier", "partsupp", "customer", "orders", "lineitem")
Entry = Mapping[str, object]


def generator() -> Path | None:
    """The program tpchgen-cli of the extra `bench`, or None."""
    program = Path(sysconfig.get_path("scripts")) / "tpchgen-cli"
    return program if program.exists() else None


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A schema of TPC-H (`tpch/NAME.sql`) at a scale, with the statistics of a server that held its data (`tpch/NAME.json`)."""

    name: str
    scale: float

    @property
    def schema(self) -> str:
        """The DDL."""
        return (GOLDEN / "tpch" / f"{self.name}.sql").read_text(encoding="utf-8")

    @property
    def document(self) -> Path:
        """The statistics."""
        return GOLDEN / "tpch" / f"{self.name}.json"

    def generate(self, kind: str, folder: Path) -> Path:
        """The folder with the tables as files of that kind, made by tpchgen-cli."""
        program = generator()
        if program is None:
            raise FileNotFoundError("tpchgen-cli is not installed")
        subprocess.run([program, kind, "-s", f"{self.scale:g}", f"--output-dir={folder}"], check=True, capture_output=True)
        return folder

    def fill(self, conninfo: str, folder: Path) -> None:
        """Copy the data into a database that has the schema, and VACUUM ANALYZE it."""
        with psycopg.connect(conninfo, autocommit=True) as connection:
            for table in TABLES:
                with (folder / f"{table}.csv").open("rb") as file, connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT csv, HEADER)") as copy:
                    while chunk := file.read(1 << 20):
                        copy.write(chunk)
            connection.execute("VACUUM ANALYZE")

    def record(self, conninfo: str) -> None:
        """Write the server's statistics as this schema's document."""
        names = conninfo_to_dict(conninfo)
        where = {f"PG{key}": str(names[part]) for key, part in (("HOST", "host"), ("PORT", "port"), ("USER", "user"), ("DATABASE", "dbname"))}
        done = subprocess.run([sys.executable, RECORDER], check=True, capture_output=True, text=True, env={**os.environ, **where})
        lines = ",\n".join(json.dumps(entry, sort_keys=True, separators=(",", ":")) for entry in json.loads(done.stdout)["relations"])
        self.document.write_text(f'{{"relations":[\n{lines}\n]}}\n', encoding="utf-8")

    def restore(self, conninfo: str) -> None:
        """Put the document's column statistics in place of those a server has just sampled: a sample above 30,000 rows is another one each time."""
        relations = cast(list[Entry], json.loads(self.document.read_text(encoding="utf-8"))["relations"])
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("SET allow_system_table_mods = on")
            for relation in relations:
                for column, found in cast(Mapping[str, Entry], relation["columns"]).items():
                    _restore(connection, str(relation["name"]), column, found)


def _slots(found: Entry) -> Iterator[tuple[int, str, object, object]]:
    """pg_statistic's slots as ANALYZE fills them: kind, operator, numbers, values."""
    if found["common_values"] is not None:
        yield 1, "=", found["common_frequencies"], found["common_values"]
    if found["histogram"] is not None:
        yield 2, "<", None, found["histogram"]
    if found["correlation"] is not None:
        yield 3, "<", [found["correlation"]], None


def _restore(connection: psycopg.Connection[tuple[object, ...]], table: str, column: str, found: Entry) -> None:
    kinds = connection.execute(
        "SELECT attnum, atttypid::int, attcollation::int, CASE WHEN atttypid = 'varchar'::regtype THEN 'text' ELSE atttypid::regtype::text END, "
        "attrelid::int FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
        (table, column),
    ).fetchone()
    assert kinds is not None, f"{table}.{column}"
    number, type, collation, operand, relation = kinds
    connection.execute("DELETE FROM pg_statistic WHERE starelid = %s AND staattnum = %s", (relation, number))
    parts: dict[str, sql.Composable] = {}
    arguments: list[object] = []

    def put(name: str, expression: str, *values: object) -> None:
        parts[name] = sql.SQL(expression)
        arguments.extend(values)

    put("starelid", "%s::oid", relation)
    put("staattnum", "%s::int2", number)
    put("stainherit", "false")
    put("stanullfrac", "%s::float4", found["null_fraction"])
    put("stawidth", "%s::int4", found["width"])
    put("stadistinct", "%s::float4", found["distinct"])
    slots = list(_slots(found))
    for slot in range(1, 6):
        kind, operator, numbers, values = slots[slot - 1] if slot <= len(slots) else (0, "", None, None)
        put(f"stakind{slot}", "%s::int2", kind)
        signature = f"{operator}({operand},{operand})" if kind else "0"
        put(f"staop{slot}", "%s::regoperator::oid", signature)
        put(f"stacoll{slot}", "%s::oid", collation if kind else 0)
        put(f"stanumbers{slot}", "%s::float4[]", numbers)
        put(f"stavalues{slot}", "array_in(%s::text[]::text::cstring, %s::oid, -1)", values, type)
    names, expressions = sql.SQL(", ").join(map(sql.Identifier, parts)), sql.SQL(", ").join(parts.values())
    connection.execute(sql.SQL("INSERT INTO pg_statistic ({}) VALUES ({})").format(names, expressions), arguments)


@dataclass(frozen=True, kw_only=True)
class Production(Recorded):
    """A schema with the statements that fill it: tables that ANALYZE reads whole. Its statistics are exported by a role that is no superuser."""

    scale: float = 0.0

    @property
    def schema(self) -> str:
        """The DDL."""
        return (GOLDEN / "statistics" / f"{self.name}.sql").read_text(encoding="utf-8")

    @property
    def document(self) -> Path:
        """The statistics."""
        return GOLDEN / "statistics" / f"{self.name}.json"

    def generate(self, kind: str, folder: Path) -> Path:
        """Nothing: the data are made by SQL."""
        return folder

    def fill(self, conninfo: str, folder: Path) -> None:
        """Run the statements, hand the tables over to the role, and VACUUM ANALYZE."""
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute((GOLDEN / "statistics" / f"{self.name}_data.sql").read_bytes())
            connection.execute("VACUUM ANALYZE")
            if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (self.name,)).fetchone() is None:
                connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(self.name)))
            for (table,) in connection.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            ).fetchall():
                connection.execute(sql.SQL("ALTER TABLE {} OWNER TO {}").format(sql.Identifier(table), sql.Identifier(self.name)))

    def record(self, conninfo: str) -> None:
        """Write the server's statistics as the role sees them."""
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Identifier(self.name)))
            found = connection.execute(STATISTICS_QUERY.encode()).fetchone()
        assert found is not None
        document = found[0]
        lines = ",\n".join(json.dumps(entry, sort_keys=True, separators=(",", ":")) for entry in document.pop("relations"))
        rest = json.dumps(document, sort_keys=True)[1:-1]
        self.document.write_text(f'{{{rest}, "relations": [\n{lines}\n]}}\n', encoding="utf-8")

    def restore(self, conninfo: str) -> None:
        """Nothing: what ANALYZE finds is the same each time."""


RECORDED: dict[str, Recorded] = {name: Recorded(name=name, scale=scale) for name, scale in (("sf001", 0.01), ("sf01", 0.1))}
RECORDED["production"] = Production(name="production")
