"""Record PostgreSQL 15's own catalog rows (types, casts, functions, operators, SQLSTATEs) as Python tables.

Run with PGHOST, PGPORT and PGUSER pointing at a PostgreSQL 15 server: `python tools/record_catalog.py`.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "auroraml"
TYPES = [
    "bool",
    "bytea",
    "char",
    "name",
    "int8",
    "int2",
    "int4",
    "text",
    "oid",
    "json",
    "float4",
    "float8",
    "unknown",
    "bpchar",
    "varchar",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "interval",
    "timetz",
    "numeric",
    "uuid",
    "jsonb",
    "point",
    "record",
    "void",
    "any",
    "anyarray",
    "anyelement",
    "anynonarray",
    "anycompatible",
    "anycompatiblearray",
    "anycompatiblenonarray",
    "cstring",
    "regclass",
    "regtype",
    "regproc",
    "regprocedure",
    "regrole",
    "regnamespace",
    "xid",
    "cid",
    "tid",
    "int2vector",
    "oidvector",
    "aclitem",
    "jsonpath",
    "trigger",
    "event_trigger",
    "internal",
    "pg_node_tree",
    "pg_ndistinct",
    "pg_dependencies",
    "pg_mcv_list",
    "int4range",
    "int8range",
    "numrange",
    "daterange",
    "tsrange",
    "tstzrange",
    "int4multirange",
    "int8multirange",
    "nummultirange",
    "datemultirange",
    "tsmultirange",
    "tstzmultirange",
    "anyrange",
    "anycompatiblerange",
    "anymultirange",
    "anycompatiblemultirange",
]
HIDDEN = {"internal", "cstring", "trigger", "event_trigger", "cid"}


def rows(sql: str) -> list[list[str]]:
    text = subprocess.run(["psql", "-XAtF", "\x1f", "-R", "\x1e", "-c", sql], check=True, capture_output=True, text=True).stdout
    return [line.split("\x1f") for line in text.rstrip("\n").split("\x1e") if line]


def literal(rows: list[tuple[object, ...]], name: str, fields: str) -> str:
    body = "".join(f"    {row!r},\n" for row in rows)
    return f"# {fields}\n{name}: tuple[tuple, ...] = (  # type: ignore[type-arg]\n{body})\n"


def bools(value: str) -> bool:
    return value == "t"


def main() -> None:
    names = ",".join(f"'{name}'" for name in TYPES)
    types = [
        (int(r[0]), r[1], int(r[2]), r[3], r[4], bools(r[5]), int(r[6]), int(r[7]), r[8], r[9])
        for r in rows(
            "select t.oid, t.typname, t.typlen, t.typtype, t.typcategory, t.typispreferred, t.typelem, t.typarray, t.typalign, t.typstorage "
            f"from pg_type t where typnamespace=11 and (typname in ({names}) or typelem in (select oid from pg_type where typname in ({names}) "
            "and typnamespace=11) and typcategory='A') order by 1"
        )
    ]
    known = ",".join(str(t[0]) for t in types)
    hidden = ",".join(str(t[0]) for t in types if t[1] in HIDDEN)
    casts = [
        (int(r[0]), int(r[1]), int(r[2]), r[3], r[4])
        for r in rows(
            "select castsource, casttarget, castfunc, castcontext, castmethod from pg_cast "
            f"where castsource in ({known}) and casttarget in ({known}) order by 1, 2"
        )
    ]
    ranges = [
        tuple(int(x) for x in r)
        for r in rows(
            "select rngtypid, rngsubtype, rngmultitypid, rngcollation, rngsubopc, rngcanonical::oid, rngsubdiff::oid from pg_range where rngtypid < 16384 order by 1"
        )
    ]
    (ROOT / "types" / "data.py").write_text(
        '"""PostgreSQL 15\'s pg_type, pg_range and pg_cast rows (recorded by tools/record_catalog.py)."""\n\n'
        + literal(types, "TYPES", "oid, typname, typlen, typtype, typcategory, typispreferred, typelem, typarray, typalign, typstorage")
        + "\n"
        + literal(ranges, "RANGES", "rngtypid, rngsubtype, rngmultitypid, rngcollation, rngsubopc, rngcanonical, rngsubdiff")
        + "\n"
        + literal(casts, "CASTS", "castsource, casttarget, castfunc (0: none), castcontext (i, a, e), castmethod (f, b, i)")
    )
    procs = [
        (
            int(r[0]),
            r[1],
            tuple(int(a) for a in r[2].split()),
            int(r[3]),
            bools(r[4]),
            r[5],
            bools(r[6]),
            r[7],
            float(r[8]),
            float(r[9]),
            int(r[10]),
            r[11],
            tuple(r[12].split(",")) if r[12] else (),
            tuple(int(a) for a in r[13].split(",")) if r[13] else (),
            r[14].replace(",", ""),
            int(r[15]),
            r[16],
            r[17],
            int(r[18]),
        )
        for r in rows(
            "select p.oid, proname, array_to_string(proargtypes::oid[],' '), prorettype, proretset, provolatile, proisstrict, proparallel, procost, prorows, "
            "provariadic, prokind, coalesce(array_to_string(proargnames, ','), ''), coalesce(array_to_string(proallargtypes, ','), ''), "
            "coalesce(array_to_string(proargmodes, ','), ''), pronargdefaults, prosrc, coalesce(obj_description(p.oid, 'pg_proc'), ''), p.prosupport::oid::int "
            f"from pg_proc p where pronamespace=11 and prorettype in ({known}) and proargtypes::oid[] <@ array[{known}]::oid[] "
            f"and not proargtypes::oid[] && array[{hidden}]::oid[] and prorettype not in ({hidden}) "
            f"and coalesce(proallargtypes, '{{}}') <@ array[{known}]::oid[] order by p.oid"
        )
    ]
    operators = [
        (int(r[0]), r[1], int(r[2]), int(r[3]), int(r[4]), int(r[5]), int(r[6]), int(r[7]), r[8], r[9], bools(r[10]), bools(r[11]))
        for r in rows(
            "select oid, oprname, oprleft, oprright, oprresult, oprcode::oid, oprcom, oprnegate, oprrest, oprjoin, oprcanmerge, oprcanhash "
            f"from pg_operator where oprleft in (0,{known}) and oprright in ({known}) and oprresult in ({known}) order by oid"
        )
    ]
    aggregates = [
        (int(r[0]), r[1], int(r[2]), int(r[3]), int(r[4]), int(r[5]), int(r[6]), int(r[7]), int(r[8]), r[9] or None)
        for r in rows(
            "select aggfnoid::oid, aggkind, aggnumdirectargs, aggtransfn::oid, aggfinalfn::oid, aggcombinefn::oid, aggsortop, aggtranstype, aggtransspace, agginitval "
            f"from pg_aggregate a join pg_proc p on p.oid = a.aggfnoid where pronamespace=11 and prorettype in ({known}) and proargtypes::oid[] <@ array[{known}]::oid[] order by 1"
        )
    ]
    opclasses = [
        (r[0], int(r[1]), int(r[2]), int(r[3]), int(r[4]), bools(r[5]))
        for r in rows(
            "select am.amname, c.opcintype, o.amopstrategy, o.amopopr, o.amoprighttype, c.opcdefault from pg_opclass c join pg_am am on am.oid=c.opcmethod "
            f"join pg_amop o on o.amopfamily=c.opcfamily and o.amoplefttype=c.opcintype where am.amname in ('btree','hash') and c.opcintype in ({known}) "
            f"and o.amoprighttype in ({known}) and c.opcdefault order by 1,2,5,3"
        )
    ]
    (ROOT / "catalog" / "data.py").write_text(
        '"""PostgreSQL 15\'s pg_proc, pg_operator, pg_aggregate and pg_amop rows (recorded by tools/record_catalog.py)."""\n\n'
        + literal(
            procs,
            "PROCS",
            "oid, proname, proargtypes, prorettype, proretset, provolatile, proisstrict, proparallel, procost, prorows, provariadic, prokind, "
            "proargnames, proallargtypes, proargmodes, pronargdefaults, prosrc, description, prosupport",
        )
        + "\n"
        + literal(
            operators,
            "OPERATORS",
            "oid, oprname, oprleft, oprright, oprresult, oprcode, oprcom, oprnegate, oprrest, oprjoin, oprcanmerge, oprcanhash",
        )
        + "\n"
        + literal(
            aggregates,
            "AGGREGATES",
            "aggfnoid, aggkind, aggnumdirectargs, aggtransfn, aggfinalfn, aggcombinefn, aggsortop, aggtranstype, aggtransspace, agginitval",
        )
        + "\n"
        + literal(opclasses, "OPCLASS_MEMBERS", "access method, opcintype, amopstrategy, amopopr, amoprighttype, opcdefault")
        + "\n"
        + elsewhere({t[1] for t in types}, {p[1] for p in procs})
    )
    errors()


def elsewhere(types: set[str], functions: set[str]) -> str:
    """The names of types and functions that PostgreSQL has and the other tables do not, each between spaces."""
    lists = (
        ("TYPES_ELSEWHERE", types, "select typname from pg_type where typnamespace=11 and typcategory<>'A' and typtype in ('b','p','r','m')"),
        ("FUNCTIONS_ELSEWHERE", functions, "select distinct proname from pg_proc where pronamespace=11"),
    )
    return "# what PostgreSQL has besides, and this engine does not: such names are refused, not unknown\n" + "".join(
        f'{name} = """ {" ".join(sorted({r[0] for r in rows(sql)} - known))} """\n' for name, known, sql in lists
    )


def errors() -> None:
    share = subprocess.run(["pg_config", "--sharedir"], check=True, capture_output=True, text=True).stdout.strip()
    bases = {
        "0A": "NotSupportedError",
        "20": "ProgrammingError",
        "21": "ProgrammingError",
        "22": "DataError",
        "23": "IntegrityError",
        "24": "InternalError",
        "25": "InternalError",
        "26": "ProgrammingError",
        "27": "OperationalError",
        "28": "OperationalError",
        "2B": "InternalError",
        "2D": "InternalError",
        "2F": "OperationalError",
        "34": "ProgrammingError",
        "38": "OperationalError",
        "39": "OperationalError",
        "3B": "OperationalError",
        "3D": "ProgrammingError",
        "3F": "ProgrammingError",
        "40": "OperationalError",
        "42": "ProgrammingError",
        "44": "ProgrammingError",
        "53": "OperationalError",
        "54": "OperationalError",
        "55": "OperationalError",
        "57": "OperationalError",
        "58": "OperationalError",
        "F0": "OperationalError",
        "HV": "OperationalError",
        "P0": "InternalError",
        "XX": "InternalError",
    }
    lines, seen, taken = [], set(), set()
    for line in Path(share, "errcodes.txt").read_text().splitlines():
        match = re.match(r"(\w{5})\s+E\s+\S+\s+(\w+)", line)
        if match and match[1] not in seen:
            seen.add(match[1])
            name = "".join(part.capitalize() for part in match[2].split("_"))
            name += "Ext" if name in taken else "_" if name == "InternalError" else ""  # as psycopg names them
            taken.add(name)
            base = bases.get(match[1][:2], "DatabaseError")
            lines.append(f'class {name}({base}, sqlstate="{match[1]}"):\n    """{match[2].replace("_", " ").capitalize()}."""\n')
    imports = sorted(set(bases.values()) | {"DatabaseError"})
    (ROOT / "errors" / "codes.py").write_text(
        '"""One class per SQLSTATE of PostgreSQL 15, Appendix A (recorded by tools/record_catalog.py)."""\n\nfrom __future__ import annotations\n\n'
        f"from auroraml.errors.base import {', '.join(imports)}\n\n\n" + "\n\n".join(lines)
    )


if __name__ == "__main__":
    main()
