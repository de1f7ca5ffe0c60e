"""The built-in functions and operators: PostgreSQL's rows, made into objects when first looked up."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Final

from auroraml.catalog.data import AGGREGATES, FUNCTIONS_ELSEWHERE, OPCLASS_MEMBERS, OPERATORS, PROCS, TYPES_ELSEWHERE
from auroraml.ir.expr import Const
from auroraml.ir.objects import Function, Operator, Parameter
from auroraml.types.pg_type import PgType
from auroraml.types.table import BY_OID

_BY_NAME: dict[str, list[tuple]] = {}  # type: ignore[type-arg]
_BY_OID: dict[int, tuple] = {}  # type: ignore[type-arg]
for _row in PROCS:
    _BY_NAME.setdefault(_row[1], []).append(_row)
    _BY_OID[_row[0]] = _row
_OPERATORS_BY_NAME: dict[str, list[tuple]] = {}  # type: ignore[type-arg]
_OPERATORS_BY_OID: dict[int, tuple] = {}  # type: ignore[type-arg]
for _row in OPERATORS:
    _OPERATORS_BY_NAME.setdefault(_row[1], []).append(_row)
    _OPERATORS_BY_OID[_row[0]] = _row


# defaults of the parameters of built-in functions (system_functions.sql), the last ones of each
_DEFAULTS: dict[str, tuple[object, ...]] = {
    "make_interval": (0, 0, 0, 0, 0, 0, 0.0), "jsonb_set": (True,), "jsonb_insert": (False,), "jsonb_set_lax": (True, "use_json_null"),
    "json_populate_record": (False,), "json_populate_recordset": (False,), "parse_ident": (True,), "normalize": ("NFC",), "is_normalized": ("NFC",),
    "pg_terminate_backend": (0,),
    **{f"jsonb_path_{name}{suffix}": ("{}", False) for name in ("exists", "match", "query", "query_array", "query_first") for suffix in ("", "_tz")},
}  # fmt: skip


def _defaults(name: str, count: int, parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    values = _DEFAULTS.get(name, ())[-count:] if count else ()
    inputs = [i for i, p in enumerate(parameters) if p.mode in "iv"][len([p for p in parameters if p.mode in "iv"]) - len(values) :]
    found = list(parameters)
    for place, value in zip(inputs, values, strict=True):
        found[place] = replace(found[place], default=Const(type=found[place].type, value=value))
    return tuple(found)


REVOKED = frozenset((  # EXECUTE on these is taken from PUBLIC (system_functions.sql of PostgreSQL 15)
    "lo_export", "lo_import", "pg_backup_start", "pg_backup_stop", "pg_config", "pg_create_restore_point", "pg_current_logfile",
    "pg_get_backend_memory_contexts", "pg_get_shmem_allocations", "pg_hba_file_rules", "pg_ident_file_mappings",
    "pg_log_backend_memory_contexts", "pg_ls_archive_statusdir", "pg_ls_dir", "pg_ls_logdir", "pg_ls_logicalmapdir",
    "pg_ls_logicalsnapdir", "pg_ls_replslotdir", "pg_ls_tmpdir", "pg_ls_waldir", "pg_promote", "pg_read_binary_file",
    "pg_read_file", "pg_reload_conf", "pg_rotate_logfile", "pg_show_all_file_settings", "pg_stat_file", "pg_stat_have_stats",
    "pg_switch_wal", "pg_wal_replay_pause", "pg_wal_replay_resume",
))  # fmt: skip
OWNER_ONLY = ((10, "X", 10),)
STATISTICS_ONLY = ((10, "X", 10), (15_000, "X", 10))  # and rds_superuser (catalog.bootstrap), as on Aurora

# OIDs of the built-in functions whose language in pg_proc is SQL; planner/rules/sql_builtins.py has the bodies of those supported
WRITTEN_IN_SQL: Final = frozenset((
    879, 880, 1176, 1215, 1216, 1285, 1290, 1296, 1298, 1305, 1306, 1307, 1309, 1310, 1311, 1348, 1384, 1386, 1426, 1481, 1544, 1708, 1710, 1741,
    1810, 1811, 1812, 1848, 1993, 2003, 2004, 2042, 2043, 2044, 2059, 2074, 2325, 2546, 2547, 2548, 2549, 2550, 2631, 2932, 3050, 3935, 3936, 5023,
    6183, 6184,
))  # fmt: skip


@cache
def builtin_function(oid: int) -> Function | None:
    """The pg_proc row with this OID."""
    row = _BY_OID.get(oid)
    if row is None:
        return None
    (_, name, types, result, returns_set, volatility, strict, parallel, cost, rows, variadic, kind, names, all_types, modes, defaults, source,
     description, support) = row  # fmt: skip
    everything = all_types or types
    modes = modes or "i" * len(types)
    names = names or ("",) * len(everything)
    parameters = tuple(Parameter(name=n, type=BY_OID[t], mode=m) for n, t, m in zip(names, everything, modes, strict=True))
    parameters = _defaults(name, defaults, parameters)
    return Function(oid=oid, name=name, kind=kind, parameters=parameters, result=BY_OID[result], returns_set=returns_set, volatility=volatility,
                    strict=strict, parallel=parallel, cost=cost, rows=rows, source=source, variadic=variadic, support=support, description=description,
                    acl=OWNER_ONLY if name in REVOKED else STATISTICS_ONLY if name.startswith("pg_stat_reset") else None)  # fmt: skip


@cache
def builtin_functions_named(name: str) -> tuple[Function, ...]:
    """All built-in functions, aggregates and window functions of a name."""
    found = (builtin_function(row[0]) for row in _BY_NAME.get(name, ()))
    return tuple(f for f in found if f is not None)


def is_type_elsewhere(name: str) -> bool:
    """Whether PostgreSQL has a type of this name that is not supported."""
    return f" {name} " in TYPES_ELSEWHERE


def is_function_elsewhere(name: str) -> bool:
    """Whether PostgreSQL has functions of this name, none of which is supported."""
    return f" {name} " in FUNCTIONS_ELSEWHERE


def builtin_names() -> list[str]:
    """The names of all built-in functions."""
    return list(_BY_NAME)


def builtin_oids() -> list[int]:
    """The OIDs of all built-in functions."""
    return list(_BY_OID)


@cache
def _aggregates() -> dict[int, tuple]:  # type: ignore[type-arg]
    return {row[0]: row for row in AGGREGATES}


def aggregate_row(oid: int) -> tuple | None:  # type: ignore[type-arg]
    """The pg_aggregate row of a built-in aggregate (its fields: see data.AGGREGATES)."""
    return _aggregates().get(oid)


def builtin_operators() -> list[Operator]:
    """All built-in operators."""
    return [o for oid in _OPERATORS_BY_OID if (o := builtin_operator(oid)) is not None]


@cache
def builtin_operator(oid: int) -> Operator | None:
    """The pg_operator row with this OID."""
    row = _OPERATORS_BY_OID.get(oid)
    if row is None:
        return None
    _, name, left, right, result, function, commutator, negator, restrict, join, merge, hash_ = row
    return Operator(oid=oid, name=name, left=BY_OID[left] if left else None, right=BY_OID[right], result=BY_OID[result], function=function,
                    commutator=commutator, negator=negator, restrict=restrict, join=join, can_merge=merge, can_hash=hash_)  # fmt: skip


@cache
def builtin_operators_named(name: str) -> tuple[Operator, ...]:
    """All operators of a name."""
    found = (builtin_operator(row[0]) for row in _OPERATORS_BY_NAME.get(name, ()))
    return tuple(o for o in found if o is not None)


@cache
def _btree() -> dict[int, dict[int, int]]:
    members: dict[int, dict[int, int]] = {}
    for method, type, strategy, operator, right, _ in OPCLASS_MEMBERS:
        if method == "btree" and right == type:
            members.setdefault(type, {})[strategy] = operator
    return members


_BORROWED = {
    1043: 25,
    705: 25,
    2249: 2249,
    24: 26,
    2202: 26,
    2205: 26,
    2206: 26,
    4096: 26,
    4089: 26,
}  # varchar and unknown compare as text, reg* as oid


_ANY = {"r": 3831, "m": 4537}  # ranges compare as anyrange, multiranges as anymultirange


def comparison_type(type: PgType) -> int:
    """The OID of the type whose operators order `type`: text for varchar, anyarray for arrays, record for composites."""
    if type.oid in _BORROWED:
        return _BORROWED[type.oid]
    if type.is_array and type.oid not in _btree():
        return 2277
    if type.kind == "c":
        return 2249
    if type.kind in _ANY:
        return _ANY[type.kind]
    return type.oid


def btree_operators(type: PgType) -> dict[int, Operator]:
    """Strategy number (1 <, 2 <=, 3 =, 4 >=, 5 >) to operator of the type's default B-tree class; empty where it has none."""
    found = _btree().get(comparison_type(type), {})
    return {strategy: operator for strategy, oid in found.items() if (operator := builtin_operator(oid)) is not None}
