"""pg_class, pg_attribute, pg_attrdef, pg_index, pg_constraint, pg_sequence, pg_rewrite, pg_namespace: relations and what belongs to them."""

from __future__ import annotations

from auroraml.catalog.catalog import Catalog
from auroraml.catalog.collations import collation
from auroraml.catalog.printing import expression_text, index_column_names
from auroraml.catalog.system_data import CLASSES
from auroraml.catalog.system_tables import sequence_rows
from auroraml.ir.objects import Column, Constraint, Index, Relation
from auroraml.system_views.registry import Reader, Row, Rows, acl_array, array, schema_oid, vector, view
from auroraml.types.pg_type import PgType

METHODS = {"btree": 403, "hash": 405, "gist": 783, "gin": 2742, "brin": 3580, "spgist": 4000}


def by_value(type: PgType) -> bool:
    """Whether values travel in registers: typbyval."""
    return 0 < type.length <= 8 and type.name not in ("tid", "macaddr8") and (type.length in (1, 2, 4, 8))


@view("pg_catalog.pg_namespace", per_catalog=True)
def pg_namespace(ctx: Reader) -> Rows:
    """Schemas."""
    catalog: Catalog = ctx.catalog
    return [{"oid": s.oid, "nspname": s.name, "nspowner": s.owner, "nspacl": acl_array(catalog, s.acl)} for s in catalog.schemas()]


def _relation_row(catalog: Catalog, r: Relation) -> Row:
    statistics = catalog.statistics(r.oid)
    options = [f"{k}={v}" for k, v in r.options] if r.options and r.kind != "S" else None
    stored = r.kind in "rm"
    return {
        "oid": r.oid, "relname": r.name, "relnamespace": schema_oid(catalog, r.schema), "reltype": 0 if r.kind == "S" else r.row_type,
        "reloftype": 0, "relowner": r.owner, "relam": 2 if stored else 0, "relfilenode": r.oid if stored or r.kind == "S" else 0, "reltablespace": 0,
        "relpages": 1 if r.kind == "S" else max(statistics.pages, 0), "reltuples": 1.0 if r.kind == "S" else statistics.tuples if stored else -1.0,
        "relallvisible": statistics.all_visible, "reltoastrelid": 0, "relhasindex": bool(r.indexes), "relisshared": False,
        "relpersistence": r.persistence, "relkind": r.kind, "relnatts": 3 if r.kind == "S" else len(r.columns),
        "relchecks": sum(c.kind == "c" for c in r.constraints), "relhasrules": r.kind in "vm", "relhastriggers": bool(r.triggers), "relhassubclass": False,
        "relrowsecurity": False, "relforcerowsecurity": False, "relispopulated": r.populated, "relreplident": "d" if stored else "n",
        "relispartition": False, "relrewrite": 0, "relfrozenxid": 0, "relminmxid": 0, "relacl": acl_array(catalog, r.acl), "reloptions": array(options),
    }  # fmt: skip


def _index_row(catalog: Catalog, i: Index, r: Relation) -> Row:
    statistics = catalog.statistics(r.oid)
    found = statistics.indexes.get(i.oid)
    tuples = 0.0 if found is None else statistics.tuples if found.tuples < 0 else found.tuples
    return {
        "oid": i.oid, "relname": i.name, "relnamespace": schema_oid(catalog, i.schema), "reltype": 0, "reloftype": 0, "relowner": r.owner,
        "relam": METHODS.get(i.method, 403), "relfilenode": i.oid, "reltablespace": 0, "relpages": 1 if found is None else found.pages,
        "reltuples": tuples, "relallvisible": 0, "reltoastrelid": 0, "relhasindex": False, "relisshared": False,
        "relpersistence": r.persistence, "relkind": "i", "relnatts": len(i.columns) + len(i.included), "relchecks": 0, "relhasrules": False,
        "relhastriggers": False, "relhassubclass": False, "relrowsecurity": False, "relforcerowsecurity": False, "relispopulated": True,
        "relreplident": "n", "relispartition": False, "relrewrite": 0, "relfrozenxid": 0, "relminmxid": 0,
        "reloptions": array([f"{key}={value}" for key, value in i.options] or None),
    }  # fmt: skip


@view("pg_catalog.pg_class", per_catalog=True)
def pg_class(ctx: Reader) -> Rows:
    """Relations and indexes."""
    catalog: Catalog = ctx.catalog
    rows: Rows = []
    for r in catalog.all_relations():
        rows.append(_relation_row(catalog, r))
        rows += [_index_row(catalog, i, r) for i in r.indexes]
    return rows


def _attribute(catalog: Catalog, relation: int, c: Column) -> Row:
    type = c.type
    return {
        "attrelid": relation, "attname": f"........pg.dropped.{c.number}........" if c.dropped else c.name, "atttypid": 0 if c.dropped else type.oid,
        "attstattarget": 0 if c.dropped else c.statistics_target, "attlen": type.length, "attnum": c.number, "attndims": int(type.is_array), "attcacheoff": -1,
        "atttypmod": c.typmod, "attbyval": by_value(type), "attalign": type.align, "attstorage": type.storage, "attcompression": "",
        "attnotnull": c.not_null, "atthasdef": (c.default is not None and not c.identity) or c.generated is not None, "atthasmissing": False, "attidentity": c.identity,
        "attgenerated": "" if c.generated is None else "s",
        "attisdropped": c.dropped, "attislocal": True, "attinhcount": 0, "attcollation": 0 if c.dropped else c.collation or collation(type),
        "attacl": acl_array(catalog, c.acl), "attoptions": array([f"{key}={value}" for key, value in c.options] or None),
    }  # fmt: skip


def _index_attributes(catalog: Catalog, i: Index, r: Relation) -> Rows:
    names = index_column_names(i, r)
    types = {c.number: c for c in r.columns}
    expressions = iter(i.expressions)
    rows = []
    for place, number in enumerate((*i.columns, *i.included), 1):
        column = types[number] if number else None
        type = column.type if column is not None else next(expressions).type
        target = dict(i.statistics_targets).get(place, -1)
        made = Column(name=names[place - 1], type=type, typmod=column.typmod if column is not None else -1, number=place, statistics_target=target,
                      collation=column.collation if column is not None else 0)  # fmt: skip
        rows.append(_attribute(catalog, i.oid, made))
    return rows


@view("pg_catalog.pg_attribute", per_catalog=True)
def pg_attribute(ctx: Reader) -> Rows:
    """Columns of relations, sequences and indexes."""
    catalog: Catalog = ctx.catalog
    rows: Rows = []
    for r in catalog.all_relations():
        if r.kind == "S":
            rows += [_attribute(catalog, r.oid, c) for c in sequence_rows(r).columns]
        rows += [_attribute(catalog, r.oid, c) for c in r.columns]
        for i in r.indexes:
            rows += _index_attributes(catalog, i, r)
    return rows


@view("pg_catalog.pg_attrdef", per_catalog=True)
def pg_attrdef(ctx: Reader) -> Rows:
    """Defaults; adbin holds the expression as SQL, which pg_get_expr gives back."""
    catalog: Catalog = ctx.catalog
    return [
        {"oid": r.oid * 100 + c.number, "adrelid": r.oid, "adnum": c.number, "adbin": expression_text(expr, catalog)}
        for r in catalog.relations() for c in r.columns if (expr := c.generated or c.default) is not None and not c.dropped and not c.identity
    ]  # fmt: skip


_CLASSES = {"text": 3126, "varchar": 3126, "bpchar": 426, "int4": 1978, "int8": 3124, "int2": 1979, "oid": 1981, "name": 1986, "numeric": 3125,
            "date": 3122, "timestamp": 3128, "timestamptz": 3127, "float8": 3123, "float4": 1970, "bool": 424, "uuid": 2968, "bytea": 428,
            "char": 429, "interval": 1982, "time": 3123, "timetz": 2000, "jsonb": 4033}  # fmt: skip


def _opclass(i: Index, place: int, type: PgType) -> int:
    named = i.opclasses[place] if i.opclasses else ""
    if not named:
        return _CLASSES.get(type.name, 0)
    return next((row[0] for row in CLASSES if row[2] == named and row[1] == (405 if i.method == "hash" else 403)), 0)


def _key_types(i: Index, r: Relation) -> list[PgType]:
    types = {c.number: c.type for c in r.columns}
    expressions = iter(i.expressions)
    return [types[n] if n else next(expressions).type for n in i.columns]


def _key_collations(i: Index, r: Relation) -> list[int]:
    own = {c.number: c.collation for c in r.columns}
    return [own.get(number, 0) or collation(type) for number, type in zip(i.columns, _key_types(i, r), strict=True)]


@view("pg_catalog.pg_index", per_catalog=True)
def pg_index(ctx: Reader) -> Rows:
    """Indexes."""
    catalog: Catalog = ctx.catalog
    rows: Rows = []
    for r in catalog.all_relations():
        for i in r.indexes:
            keys = _key_types(i, r)
            rows.append({
                "indexrelid": i.oid, "indrelid": r.oid, "indnatts": len(i.columns) + len(i.included), "indnkeyatts": len(i.columns),
                "indisunique": i.unique, "indnullsnotdistinct": False, "indisprimary": i.primary, "indisexclusion": False,
                "indimmediate": True, "indisclustered": False, "indisvalid": True, "indcheckxmin": False, "indisready": True, "indislive": True,
                "indisreplident": False, "indkey": vector((*i.columns, *i.included)), "indcollation": vector(_key_collations(i, r)),
                "indclass": vector([_opclass(i, place, t) for place, t in enumerate(keys)]),
                "indoption": vector([descending + 2 * first for descending, first in i.directions or ((False, False),) * len(i.columns)]),
                "indexprs": ", ".join(expression_text(x, catalog) for x in i.expressions) if i.expressions else None,
                "indpred": None if i.predicate is None else expression_text(i.predicate, catalog),
            })  # fmt: skip
    return rows


def _foreign_operators(catalog: Catalog, c: Constraint, r: Relation) -> list[int]:
    equals = {o.left.oid: o.oid for o in catalog.operators_named("=") if o.left is not None and o.left.oid == o.right.oid}
    types = {column.number: column.type.oid for column in r.columns}
    return [equals.get(types[n], 0) for n in c.columns]


@view("pg_catalog.pg_constraint", per_catalog=True)
def pg_constraint(ctx: Reader) -> Rows:
    """Constraints."""
    catalog: Catalog = ctx.catalog
    rows: Rows = []
    for r in catalog.relations():
        for c in r.constraints:
            foreign = c.kind == "f"
            operators = array(_foreign_operators(catalog, c, r)) if foreign else None
            rows.append({
                "oid": c.oid, "conname": c.name, "connamespace": schema_oid(catalog, r.schema), "contype": c.kind, "condeferrable": c.deferrable,
                "condeferred": c.deferred, "convalidated": c.valid, "conrelid": r.oid, "contypid": 0, "conindid": c.index, "conparentid": 0,
                "confrelid": c.foreign, "confupdtype": c.on_update if foreign else " ", "confdeltype": c.on_delete if foreign else " ",
                "confmatchtype": "s" if foreign else " ", "conislocal": True, "coninhcount": 0, "connoinherit": c.no_inherit or c.kind in "puf",
                "conkey": array(c.columns) if c.columns else None, "confkey": array(c.foreign_columns) if foreign else None,
                "conpfeqop": operators, "conppeqop": operators, "conffeqop": operators,
                "confdelsetcols": array(c.columns_set) if c.columns_set else None,
                "conbin": None if c.check is None else expression_text(c.check, catalog),
            })  # fmt: skip
    return rows


@view("pg_catalog.pg_sequence", per_catalog=True)
def pg_sequence(ctx: Reader) -> Rows:
    """Sequences' parameters."""
    rows: Rows = []
    for r in ctx.catalog.relations():
        if (o := r.sequence) is not None:
            rows.append({"seqrelid": r.oid, "seqtypid": o.type.oid, "seqstart": o.start, "seqincrement": o.increment, "seqmax": o.maximum,
                         "seqmin": o.minimum, "seqcache": o.cache, "seqcycle": o.cycle})  # fmt: skip
    return rows


@view("pg_catalog.pg_rewrite", per_catalog=True)
def pg_rewrite(ctx: Reader) -> Rows:
    """The rule behind each view."""
    return [
        {"oid": r.oid + 1_000_000_000, "rulename": "_RETURN", "ev_class": r.oid, "ev_type": "1", "ev_enabled": "O", "is_instead": True, "ev_qual": "<>"}
        for r in ctx.catalog.relations() if r.kind in "vm"
    ]  # fmt: skip


@view(
    "pg_catalog.pg_inherits", "pg_catalog.pg_partitioned_table", "pg_catalog.pg_policy", "pg_catalog.pg_policies",
    "pg_catalog.pg_rules", "pg_catalog.pg_event_trigger", "pg_catalog.pg_publication", "pg_catalog.pg_publication_rel",
    "pg_catalog.pg_publication_namespace", "pg_catalog.pg_publication_tables", "pg_catalog.pg_subscription", "pg_catalog.pg_subscription_rel",
    "pg_catalog.pg_foreign_data_wrapper", "pg_catalog.pg_foreign_server", "pg_catalog.pg_foreign_table", "pg_catalog.pg_user_mapping",
    "pg_catalog.pg_user_mappings", "pg_catalog.pg_largeobject", "pg_catalog.pg_largeobject_metadata", "pg_catalog.pg_seclabel",
    "pg_catalog.pg_seclabels", "pg_catalog.pg_shseclabel", "pg_catalog.pg_replication_origin", "pg_catalog.pg_replication_origin_status",
    "pg_catalog.pg_replication_slots", "pg_catalog.pg_stat_replication", "pg_catalog.pg_stat_replication_slots", "pg_catalog.pg_stat_subscription",
    "pg_catalog.pg_stat_wal_receiver", "pg_catalog.pg_prepared_xacts", "pg_catalog.pg_transform", "pg_catalog.pg_enum",
    "pg_catalog.pg_default_acl", "pg_catalog.pg_db_role_setting", "pg_catalog.pg_parameter_acl", "pg_catalog.pg_conversion",
    "pg_catalog.pg_ts_config", "pg_catalog.pg_ts_config_map", "pg_catalog.pg_ts_dict", "pg_catalog.pg_ts_parser", "pg_catalog.pg_ts_template",
    "pg_catalog.pg_stat_progress_vacuum", "pg_catalog.pg_stat_progress_analyze", "pg_catalog.pg_stat_progress_copy",
    "pg_catalog.pg_stat_progress_create_index", "pg_catalog.pg_stat_progress_cluster", "pg_catalog.pg_stat_progress_basebackup",
    "information_schema.domains",
    "information_schema.domain_constraints", "information_schema.domain_udt_usage", "information_schema.column_domain_usage",
    "information_schema.foreign_data_wrappers", "information_schema.foreign_servers", "information_schema.foreign_tables",
    "information_schema.user_mappings", "information_schema.transforms", "information_schema.user_defined_types",
    per_catalog=True,
)  # fmt: skip
def nothing(ctx: Reader) -> Rows:
    """What this engine has none of: inheritance, policies, replication, foreign data, text search, enums, domains."""
    return []
