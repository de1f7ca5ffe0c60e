"""pg_type, pg_proc, pg_operator, pg_aggregate, pg_cast, operator classes, languages, collations: types and what works on them."""

from __future__ import annotations

from auroraml.catalog.bootstrap import PLPGSQL_LANGUAGE
from auroraml.catalog.builtins import WRITTEN_IN_SQL, aggregate_row, builtin_function, builtin_oids, builtin_operators
from auroraml.catalog.catalog import Catalog
from auroraml.catalog.collations import collation
from auroraml.catalog.printing import expression_text
from auroraml.catalog.system_data import ACCESS_METHODS, CASTS, CLASSES, COLLATIONS, FAMILIES, LANGUAGES
from auroraml.ir.objects import Function
from auroraml.system_views.registry import Reader, Row, Rows, acl_array, array, schema_oid, vector, view
from auroraml.system_views.relations import by_value
from auroraml.types.data import RANGES
from auroraml.types.pg_type import PgType

LANGUAGE_OIDS = {"internal": 12, "c": 13, "sql": 14, "plpgsql": PLPGSQL_LANGUAGE}


def all_functions(catalog: Catalog) -> list[Function]:
    """Built-in functions, then the others."""
    built_in = [f for oid in builtin_oids() if (f := builtin_function(oid)) is not None]
    return [*built_in, *catalog.functions()]


def _type_row(catalog: Catalog, t: PgType) -> Row:
    composite, is_array = t.kind == "c", t.is_array
    names = ("array_in", "array_out", "array_recv", "array_send") if is_array else (
        ("record_in", "record_out", "record_recv", "record_send") if composite else tuple(_forms(t.name)))  # fmt: skip
    functions = [next((f.oid for f in catalog.functions_named(n, "pg_catalog")), 0) for n in names]
    return {
        "oid": t.oid, "typname": t.name, "typnamespace": schema_oid(catalog, t.schema), "typowner": t.owner, "typlen": t.length,
        "typbyval": by_value(t), "typtype": t.kind, "typcategory": t.category, "typispreferred": t.preferred, "typisdefined": True,
        "typdelim": ",", "typrelid": t.relation, "typsubscript": 6179 if is_array else 0, "typelem": t.element, "typarray": t.array,
        "typinput": functions[0], "typoutput": functions[1], "typreceive": functions[2], "typsend": functions[3], "typmodin": 0, "typmodout": 0,
        "typanalyze": 0, "typalign": t.align, "typstorage": t.storage, "typnotnull": False, "typbasetype": 0, "typtypmod": -1, "typndims": 0,
        "typcollation": collation(t),
    }  # fmt: skip


def _forms(name: str) -> list[str]:
    if name.endswith("range"):
        name = "multirange" if name.endswith("multirange") else "range"
    joined = name if name[-1:].isdigit() or name in ("bool", "bytea", "char", "name", "text", "unknown", "bpchar", "varchar", "oid") else f"{name}_"
    return [joined + suffix for suffix in ("in", "out", "recv", "send")]


@view("pg_catalog.pg_type", per_catalog=True)
def pg_type(ctx: Reader) -> Rows:
    """Types."""
    return [_type_row(ctx.catalog, t) for t in ctx.catalog.types()]


@view("pg_catalog.pg_range", per_catalog=True)
def pg_range(ctx: Reader) -> Rows:
    """The range types."""
    columns = ("rngtypid", "rngsubtype", "rngmultitypid", "rngcollation", "rngsubopc", "rngcanonical", "rngsubdiff")
    return [dict(zip(columns, row, strict=True)) for row in RANGES]


def _function_row(catalog: Catalog, f: Function) -> Row:
    modes = [p.mode for p in f.parameters]
    plain = all(m == "i" for m in modes)
    named = any(p.name for p in f.parameters)
    defaults = [expression_text(p.default, catalog) for p in f.inputs if p.default is not None]
    return {
        "oid": f.oid, "proname": f.name, "pronamespace": schema_oid(catalog, f.schema), "proowner": f.owner,
        "prolang": LANGUAGE_OIDS["sql" if f.oid in WRITTEN_IN_SQL else f.language], "procost": f.cost, "prorows": f.rows, "provariadic": f.variadic, "prosupport": f.support,
        "prokind": f.kind, "prosecdef": f.security_definer, "proleakproof": f.leakproof, "proisstrict": f.strict, "proretset": f.returns_set,
        "provolatile": f.volatility, "proparallel": f.parallel, "pronargs": len(f.inputs), "pronargdefaults": len(defaults),
        "prorettype": f.result.oid, "proargtypes": vector([p.type.oid for p in f.inputs]),
        "proallargtypes": None if plain else array([p.type.oid for p in f.parameters]), "proargmodes": None if plain else array(modes),
        "proargnames": array([p.name for p in f.parameters]) if named else None, "proargdefaults": ", ".join(defaults) if defaults else None,
        "prosrc": f.source, "proconfig": array([f"{k}={v}" for k, v in f.settings]) if f.settings else None, "proacl": acl_array(catalog, f.acl),
    }  # fmt: skip


@view("pg_catalog.pg_proc", per_catalog=True)
def pg_proc(ctx: Reader) -> Rows:
    """Functions."""
    return [_function_row(ctx.catalog, f) for f in all_functions(ctx.catalog)]


@view("pg_catalog.pg_operator", per_catalog=True)
def pg_operator(ctx: Reader) -> Rows:
    """Operators."""
    estimators = {name: f.oid for name in ("eqsel", "neqsel", "scalarltsel", "scalargtsel", "scalarlesel", "scalargesel")
                  for f in ctx.catalog.functions_named(name, "pg_catalog")}  # fmt: skip
    return [
        {"oid": o.oid, "oprname": o.name, "oprnamespace": 11, "oprowner": 10, "oprkind": "l" if o.left is None else "b", "oprcanmerge": o.can_merge,
         "oprcanhash": o.can_hash, "oprleft": 0 if o.left is None else o.left.oid, "oprright": o.right.oid, "oprresult": o.result.oid,
         "oprcom": o.commutator, "oprnegate": o.negator, "oprcode": o.function, "oprrest": estimators.get(o.restrict, 0),
         "oprjoin": estimators.get(o.join, 0)}
        for o in builtin_operators()
    ]  # fmt: skip


@view("pg_catalog.pg_aggregate", per_catalog=True)
def pg_aggregate(ctx: Reader) -> Rows:
    """Aggregates."""
    rows: Rows = []
    for oid in builtin_oids():
        row = aggregate_row(oid)
        if row is not None:
            oid, kind, direct, transition, final, combine, sort, type, space, initial = row
            rows.append({
                "aggfnoid": oid, "aggkind": kind, "aggnumdirectargs": direct, "aggtransfn": transition, "aggfinalfn": final, "aggcombinefn": combine,
                "aggserialfn": 0, "aggdeserialfn": 0, "aggmtransfn": 0, "aggminvtransfn": 0, "aggmfinalfn": 0, "aggfinalextra": False,
                "aggmfinalextra": False, "aggfinalmodify": "r", "aggmfinalmodify": "r", "aggsortop": sort, "aggtranstype": type,
                "aggtransspace": space, "aggmtranstype": 0, "aggmtransspace": 0, "agginitval": initial,
            })  # fmt: skip
    return rows


@view("pg_catalog.pg_cast", per_catalog=True)
def pg_cast(ctx: Reader) -> Rows:
    """Casts between the types built here."""
    catalog: Catalog = ctx.catalog
    return [
        {"oid": oid, "castsource": source, "casttarget": target, "castfunc": function, "castcontext": context, "castmethod": method}
        for oid, source, target, function, context, method in CASTS
        if catalog.find_type_oid(source) is not None and catalog.find_type_oid(target) is not None
    ]


@view("pg_catalog.pg_am", per_catalog=True)
def pg_am(ctx: Reader) -> Rows:
    """Access methods."""
    return [{"oid": oid, "amname": name, "amhandler": handler, "amtype": type} for oid, name, handler, type in ACCESS_METHODS]


@view("pg_catalog.pg_opfamily", per_catalog=True)
def pg_opfamily(ctx: Reader) -> Rows:
    """Operator families."""
    return [{"oid": oid, "opfmethod": method, "opfname": name, "opfnamespace": 11, "opfowner": 10} for oid, method, name in FAMILIES]


@view("pg_catalog.pg_opclass", per_catalog=True)
def pg_opclass(ctx: Reader) -> Rows:
    """Operator classes."""
    return [
        {"oid": oid, "opcmethod": method, "opcname": name, "opcnamespace": 11, "opcowner": 10, "opcfamily": family, "opcintype": type,
         "opcdefault": default, "opckeytype": key}
        for oid, method, name, family, type, default, key in CLASSES
    ]  # fmt: skip


@view("pg_catalog.pg_language", per_catalog=True)
def pg_language(ctx: Reader) -> Rows:
    """Languages: those of built-in functions and SQL."""
    return [
        {"oid": oid, "lanname": name, "lanowner": 10, "lanispl": procedural, "lanpltrusted": trusted, "lanplcallfoid": call, "laninline": inline,
         "lanvalidator": validator}
        for oid, name, procedural, trusted, call, inline, validator in (*LANGUAGES, (PLPGSQL_LANGUAGE, "plpgsql", True, True, 13560, 13561, 13562))
    ]  # fmt: skip


@view("pg_catalog.pg_collation", per_catalog=True)
def pg_collation(ctx: Reader) -> Rows:
    """Collations."""
    return [
        {"oid": oid, "collname": name, "collnamespace": 11, "collowner": 10, "collprovider": provider, "collisdeterministic": True,
         "collencoding": encoding, "collcollate": collate or None, "collctype": ctype or None}
        for oid, name, provider, encoding, collate, ctype in COLLATIONS
    ]  # fmt: skip
