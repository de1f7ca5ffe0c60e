"""The first catalog: schemas, Aurora's roles, databases."""

from __future__ import annotations

from auroraml.catalog.catalog import SUPERUSER, Catalog
from auroraml.catalog.changes import Change, Put, SetComment
from auroraml.ir.objects import Database, Extension, Function, Role, Schema
from auroraml.types.table import VARCHAR

RDS_SUPERUSER, POSTGRES = 15_000, 15_001
PLPGSQL, PLPGSQL_LANGUAGE = 13_559, 13_563  # listed as on any server; its functions are refused
ABOUT_PLPGSQL = "PL/pgSQL procedural language"
_TEMPLATE_ACL = ((0, "c", SUPERUSER), (SUPERUSER, "CTc", SUPERUSER))
DATABASES = (
    Database(oid=1, name="template1", acl=_TEMPLATE_ACL, template=True),
    Database(oid=4, name="template0", acl=_TEMPLATE_ACL, template=True, connectable=False),
    Database(oid=5, name="postgres", owner=POSTGRES),
    Database(oid=15_002, name="rdsadmin", acl=((SUPERUSER, "CTc", SUPERUSER),)),
)
PREDEFINED = {
    "pg_database_owner": 6171, "pg_read_all_data": 6181, "pg_write_all_data": 6182, "pg_monitor": 3373, "pg_read_all_settings": 3374,
    "pg_read_all_stats": 3375, "pg_stat_scan_tables": 3377, "pg_read_server_files": 4569, "pg_write_server_files": 4570,
    "pg_execute_server_program": 4571, "pg_signal_backend": 4200, "pg_checkpoint": 4544,
}  # fmt: skip
# Aurora's own; "CHAR or VARCHAR string" is all that is published of the result's type
AURORA_VERSION = Function(oid=9_200, name="aurora_version", result=VARCHAR, volatility="s", parallel="s", source="aurora_version",
                          description="Aurora PostgreSQL version number")  # fmt: skip


def bootstrap() -> Catalog:
    """The catalog of a new database."""
    catalog_acl = ((SUPERUSER, "UC", SUPERUSER), (0, "U", SUPERUSER))
    changes: list[Change] = [
        Put(row=Schema(oid=11, name="pg_catalog", acl=catalog_acl)),
        Put(row=Schema(oid=99, name="pg_toast")),
        Put(row=Schema(oid=2200, name="public", owner=6171, acl=((6171, "UC", 6171), (0, "U", 6171)))),
        Put(row=Schema(oid=13_000, name="information_schema", acl=catalog_acl)),
        Put(row=Role(oid=SUPERUSER, name="rdsadmin", superuser=True, create_role=True, create_db=True, can_login=True)),
        Put(row=Role(oid=RDS_SUPERUSER, name="rds_superuser", member_of=(3373, 4200, 6181, 6182))),
        Put(row=Role(oid=POSTGRES, name="postgres", create_role=True, create_db=True, can_login=True, member_of=(RDS_SUPERUSER, 6171))),
        Put(row=Extension(oid=PLPGSQL, name="plpgsql", version="1.0", schema="pg_catalog")),
        SetComment(catalog=3079, oid=PLPGSQL, column=0, text=ABOUT_PLPGSQL),
        SetComment(catalog=2612, oid=PLPGSQL_LANGUAGE, column=0, text=ABOUT_PLPGSQL),
    ]
    changes.append(Put(row=AURORA_VERSION))
    changes += [Put(row=Role(oid=oid, name=name, member_of=(3374, 3375, 3377) if name == "pg_monitor" else ())) for name, oid in PREDEFINED.items()]
    changes += [Put(row=row) for row in DATABASES]
    return Catalog().apply(changes)
