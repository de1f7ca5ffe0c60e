"""The system relations' columns; system_views computes their rows."""

from __future__ import annotations

from dataclasses import replace

from auroraml.ir.objects import Column, Relation
from auroraml.types.pg_type import Rep
from auroraml.types.table import BY_NAME

_DEFINITIONS: dict[tuple[str, str], str] = {
    ("pg_catalog", "pg_namespace"): "oid oid, nspname name, nspowner oid, nspacl _aclitem",
    ("pg_catalog", "pg_class"): "oid oid, relname name, relnamespace oid, reltype oid, relowner oid, relam oid, relpages int4, reltuples float4, "
    "relallvisible int4, relhasindex bool, relisshared bool, relpersistence char, relkind char, relnatts int2, relchecks int2, relhasrules bool, "
    "relhastriggers bool, relispartition bool, relrowsecurity bool, relforcerowsecurity bool, relreplident char, relacl _aclitem, reloptions _text, "
    "reltablespace oid, reltoastrelid oid, reloftype oid",
    ("pg_catalog", "pg_attribute"): "attrelid oid, attname name, atttypid oid, attstattarget int4, attlen int2, attnum int2, attndims int4, "
    "atttypmod int4, attnotnull bool, atthasdef bool, attidentity char, attgenerated char, attisdropped bool, attcollation oid, attstorage char",
    ("pg_catalog", "pg_attrdef"): "oid oid, adrelid oid, adnum int2, adbin text",
    ("pg_catalog", "pg_type"): "oid oid, typname name, typnamespace oid, typowner oid, typlen int2, typbyval bool, typtype char, typcategory char, "
    "typispreferred bool, typisdefined bool, typdelim char, typrelid oid, typelem oid, typarray oid, typalign char, typstorage char, typnotnull bool, "
    "typbasetype oid, typtypmod int4, typndims int4, typcollation oid, typdefault text, typacl _aclitem",
    ("pg_catalog", "pg_proc"): "oid oid, proname name, pronamespace oid, proowner oid, prolang oid, procost float4, prorows float4, provariadic oid, "
    "prokind char, prosecdef bool, proleakproof bool, proisstrict bool, proretset bool, provolatile char, proparallel char, pronargs int2, "
    "pronargdefaults int2, prorettype oid, proargtypes oidvector, proallargtypes _oid, proargmodes _char, proargnames _text, prosrc text, "
    "proconfig _text, proacl _aclitem",
    ("pg_catalog", "pg_roles"): "rolname name, rolsuper bool, rolinherit bool, rolcreaterole bool, rolcreatedb bool, rolcanlogin bool, "
    "rolreplication bool, rolconnlimit int4, rolpassword text, rolvaliduntil timestamptz, rolbypassrls bool, rolconfig _text, oid oid",
    ("pg_catalog", "pg_auth_members"): "roleid oid, member oid, grantor oid, admin_option bool",
    ("pg_catalog", "pg_extension"): "oid oid, extname name, extowner oid, extnamespace oid, extrelocatable bool, extversion text",
    ("pg_catalog", "pg_available_extensions"): "name name, default_version text, installed_version text, comment text",
    ("pg_catalog", "pg_database"): "oid oid, datname name, datdba oid, encoding int4, datcollate text, datctype text, datistemplate bool, "
    "datallowconn bool, datconnlimit int4, datacl _aclitem",
    ("pg_catalog", "pg_settings"): "name text, setting text, unit text, category text, short_desc text, context text, vartype text, source text, "
    "min_val text, max_val text, boot_val text, reset_val text, pending_restart bool",
    (
        "pg_catalog",
        "pg_index",
    ): "indexrelid oid, indrelid oid, indnatts int2, indisunique bool, indisprimary bool, indisvalid bool, indkey int2vector",
    (
        "pg_catalog",
        "pg_constraint",
    ): "oid oid, conname name, connamespace oid, contype char, conrelid oid, conindid oid, confrelid oid, conkey _int2, confkey _int2, condef text",
    (
        "pg_catalog",
        "pg_tables",
    ): "schemaname name, tablename name, tableowner name, tablespace name, hasindexes bool, hasrules bool, hastriggers bool, rowsecurity bool",
    ("pg_catalog", "pg_views"): "schemaname name, viewname name, viewowner name, definition text",
    ("pg_catalog", "pg_indexes"): "schemaname name, tablename name, indexname name, tablespace name, indexdef text",
    ("pg_catalog", "pg_stats"): "schemaname name, tablename name, attname name, inherited bool, null_frac float4, avg_width int4, n_distinct float4, "
    "most_common_vals anyarray, most_common_freqs _float4, histogram_bounds anyarray, correlation float4, most_common_elems anyarray, "
    "most_common_elem_freqs _float4, elem_count_histogram _float4",
    ("pg_catalog", "pg_stat_user_functions"): "funcid oid, schemaname name, funcname name, calls int8, total_time float8, self_time float8",
    ("pg_catalog", "pg_language"): "oid oid, lanname name, lanowner oid, lanispl bool, lanpltrusted bool",
    ("pg_catalog", "pg_am"): "oid oid, amname name, amtype char",
    ("pg_catalog", "pg_description"): "objoid oid, classoid oid, objsubid int4, description text",
    ("information_schema", "tables"): "table_catalog name, table_schema name, table_name name, table_type text",
    ("information_schema", "columns"): "table_catalog name, table_schema name, table_name name, column_name name, ordinal_position int4, "
    "column_default text, is_nullable text, data_type text, character_maximum_length int4, numeric_precision int4, numeric_scale int4, udt_name name",
    ("information_schema", "schemata"): "catalog_name name, schema_name name, schema_owner name",
}
SHOWN = {"anyarray": replace(BY_NAME["anyarray"], rep=Rep.TEXT)}  # an array of whatever type the column has, as its text
_KNOWN_OIDS = {"pg_type": 1247, "pg_attribute": 1249, "pg_proc": 1255, "pg_class": 1259, "pg_database": 1262, "pg_namespace": 2615,
               "pg_index": 2610, "pg_constraint": 2606, "pg_language": 2612, "pg_am": 2601, "pg_description": 2609, "pg_extension": 3079}  # fmt: skip


def _relation(number: int, schema: str, name: str, definition: str) -> Relation:
    columns = []
    for i, part in enumerate(definition.split(", "), 1):
        column, type = part.split()
        columns.append(Column(name=column, type=SHOWN.get(type) or BY_NAME.get(type, BY_NAME["text"]), number=i))
    kind = "v" if name in ("pg_roles", "pg_settings", "pg_tables", "pg_views", "pg_indexes", "pg_stats") or schema != "pg_catalog" else "r"
    return Relation(
        oid=_KNOWN_OIDS.get(name, 12_000 + number), name=name, schema=schema, kind=kind, columns=tuple(columns), system=f"{schema}.{name}"
    )


SYSTEM_TABLES = tuple(_relation(number, schema, name, text) for number, ((schema, name), text) in enumerate(_DEFINITIONS.items()))
