"""Amazon RDS's own parameters that have an effect here: the extensions it provides, and those that a cluster allows."""

from __future__ import annotations

from auroraml.settings.setting import Context, Setting, VarType

CATEGORY = "Customized Options"
# The default of rds.extensions in "Amazon Aurora PostgreSQL parameters", April 2026
EXTENSIONS = (
    "address_standardizer, address_standardizer_data_us, apg_plan_mgmt, aurora_stat_utils, amcheck, autoinc, aws_commons, aws_ml, aws_s3, aws_lambda, "
    "bool_plperl, bloom, btree_gin, btree_gist, citext, cube, dblink, dict_int, dict_xsyn, earthdistance, fuzzystrmatch, hll, hstore, hstore_plperl, "
    "insert_username, intagg, intarray, ip4r, isn, jsonb_plperl, lo, log_fdw, ltree, moddatetime, old_snapshot, oracle_fdw, orafce, pgaudit, pgcrypto, "
    "pglogical, pgrouting, pgrowlocks, pgstattuple, pgtap, pg_bigm, pg_buffercache, pg_cron, pg_freespacemap, pg_hint_plan, pg_partman, pg_prewarm, "
    "pg_proctab, pg_repack, pg_similarity, pg_stat_statements, pg_trgm, pg_visibility, plcoffee, plls, plperl, plpgsql, plprofiler, pltcl, plv8, "
    "postgis, postgis_tiger_geocoder, postgis_raster, postgis_topology, postgres_fdw, prefix, rdkit, rds_tools, refint, sslinfo, tablefunc, tds_fdw, "
    "test_parser, tsm_system_rows, tsm_system_time, unaccent, uuid-ossp"
)
RDS_EXTENSIONS = Setting[str](
    name="rds.extensions",
    kind=VarType.STRING,
    default=EXTENSIONS,
    context=Context.INTERNAL,
    category=CATEGORY,
    help="List of extensions provided by RDS.",
)
RDS_ALLOWED_EXTENSIONS = Setting[str](
    name="rds.allowed_extensions",
    kind=VarType.STRING,
    default="",
    context=Context.SIGHUP,
    category=CATEGORY,
    help="The extensions that CREATE EXTENSION accepts.",
    more="Names separated by commas; * or an empty list is every extension.",
)
SETTINGS: tuple[Setting[object], ...] = tuple(value for value in globals().values() if isinstance(value, Setting))


def allows(allowed: str, name: str) -> bool:
    """Whether the value `allowed` of rds.allowed_extensions lets extension `name` be created."""
    names = {part.strip() for part in allowed.split(",")} - {""}
    return not names or "*" in names or name in names
