"""Record the shapes of PostgreSQL 15's system relations, and its own rows where they never change, as Python tables.

Run with PGHOST, PGPORT and PGUSER pointing at a PostgreSQL 15 server: `python tools/record_system.py`.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "auroraml"
DOMAINS = {"sql_identifier": "name", "character_data": "varchar", "cardinal_number": "int4", "yes_or_no": "varchar/7", "time_stamp": "timestamptz"}


def rows(sql: str) -> list[list[str]]:
    text = subprocess.run(["psql", "-XAtF", "\x1f", "-R", "\x1e", "-c", sql], check=True, capture_output=True, text=True).stdout
    return [line.split("\x1f") for line in text.rstrip("\n").split("\x1e") if line]


def literal(name: str, comment: str, values: list[tuple[object, ...]]) -> str:
    body = "".join(f"    {value!r},\n" for value in values)
    return f"# {comment}\n{name}: tuple[tuple, ...] = (  # type: ignore[type-arg]\n{body})\n"


def number(text: str) -> object:
    return int(text) if text.lstrip("-").isdigit() else text


def main() -> None:
    shapes: dict[tuple[str, ...], list[str]] = {}
    for oid, schema, name, kind, row_type, column, type, not_null in rows(
        "select c.oid, n.nspname, c.relname, c.relkind, c.reltype, a.attname, t.typname, a.attnotnull from pg_class c "
        "join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid join pg_type t on t.oid = a.atttypid "
        "where n.nspname in ('pg_catalog', 'information_schema') and c.relkind in ('r', 'v') and a.attnum > 0 order by c.oid, a.attnum"
    ):
        shapes.setdefault((oid, schema, name, kind, row_type), []).append(f"{column}:{DOMAINS.get(type, type)}{'!' if not_null == 't' else ''}")
    relations = [(int(k[0]), k[1], k[2], k[3], int(k[4]), " ".join(columns)) for k, columns in shapes.items()]
    indexes = [
        (int(r[0]), int(r[1]), r[2], tuple(int(x) for x in r[3].split()), r[4] == "t", r[5] == "t")
        for r in rows(
            "select i.indexrelid, i.indrelid, c.relname, i.indkey, i.indisunique, i.indisprimary from pg_index i join pg_class c on c.oid = i.indexrelid "
            "where c.relnamespace = 11 order by 1"
        )
    ]
    plain = {
        "ACCESS_METHODS": ("oid, amname, amhandler, amtype", "select oid, amname, amhandler::oid, amtype from pg_am order by 1"),
        "LANGUAGES": (
            "oid, lanname, lanispl, lanpltrusted, lanplcallfoid, laninline, lanvalidator",
            "select oid, lanname, lanispl, lanpltrusted, lanplcallfoid, laninline, lanvalidator from pg_language where oid < 100 order by 1",
        ),
        "COLLATIONS": (
            "oid, collname, collprovider, collencoding, collcollate, collctype",
            "select oid, collname, collprovider, collencoding, coalesce(collcollate, ''), coalesce(collctype, '') from pg_collation where oid < 12000 order by 1",
        ),
        "FAMILIES": ("oid, opfmethod, opfname", "select oid, opfmethod, opfname from pg_opfamily order by 1"),
        "CLASSES": (
            "oid, opcmethod, opcname, opcfamily, opcintype, opcdefault, opckeytype",
            "select oid, opcmethod, opcname, opcfamily, opcintype, opcdefault, opckeytype from pg_opclass order by 1",
        ),
        "CASTS": (
            "oid, castsource, casttarget, castfunc, castcontext, castmethod",
            "select oid, castsource, casttarget, castfunc, castcontext, castmethod from pg_cast order by 1",
        ),
    }
    text = '"""PostgreSQL 15\'s system relations and their unchanging rows (recorded by tools/record_system.py)."""\n\n'
    text += literal("RELATIONS", "oid, schema, relname, relkind, reltype, columns as name:type[/typmod][!: not null]", list(relations))
    text += "\n" + literal("INDEXES", "indexrelid, indrelid, relname, indkey, indisunique, indisprimary", list(indexes))
    for name, (comment, sql) in plain.items():
        flags = [column in ("lanispl", "lanpltrusted", "opcdefault") for column in comment.split(", ")]
        values = [tuple(x == "t" if flag else number(x) for flag, x in zip(flags, r, strict=True)) for r in rows(sql)]
        text += "\n" + literal(name, comment, list(values))
    comments = [
        (int(r[0]), int(r[1]), r[2])
        for r in rows(
            "select objoid, classoid, description from pg_description where objsubid = 0 and classoid in ('pg_namespace'::regclass, 'pg_type'::regclass, "
            "'pg_am'::regclass, 'pg_language'::regclass, 'pg_collation'::regclass, 'pg_operator'::regclass, 'pg_cast'::regclass) "
            "and objoid < 12000 order by 2, 1"
        )
    ]
    text += "\n" + literal("COMMENTS", "objoid, classoid, description", list(comments))
    text += (
        "\nSHARED_COMMENTS = "
        + repr({int(r[0]): r[1] for r in rows("select objoid, description from pg_shdescription where objoid < 16384 order by 1")})
        + "\n"
    )
    (ROOT / "catalog" / "system_data.py").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
