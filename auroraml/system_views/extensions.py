"""pg_extension, pg_available_extensions and pg_available_extension_versions: what is installed, and what the instance's release can install."""

from __future__ import annotations

from auroraml.catalog.catalog import Catalog
from auroraml.records import dataclass
from auroraml.system_views.registry import Reader, Rows, array, schema_oid, view


@dataclass(frozen=True, kw_only=True)
class AvailableExtension:
    """An extension that the release provides; `versions` from the oldest on."""

    name: str
    default: str
    versions: tuple[str, ...]
    requires: tuple[str, ...]
    comment: str
    schema: str | None
    trusted: bool


@view("pg_catalog.pg_extension", per_catalog=True)
def pg_extension(ctx: Reader) -> Rows:
    """Installed extensions."""
    catalog: Catalog = ctx.catalog
    return [{"oid": x.oid, "extname": x.name, "extowner": x.owner, "extnamespace": schema_oid(catalog, x.schema), "extrelocatable": False,
             "extversion": x.version} for x in catalog.extensions()]  # fmt: skip


def _available(ctx: Reader) -> list[AvailableExtension]:
    found: list[AvailableExtension] = ctx.host.available_extensions()
    return found


def _installed(ctx: Reader, name: str) -> str | None:
    extension = ctx.catalog.find_extension(name)
    return None if extension is None else str(extension.version)


@view("pg_catalog.pg_available_extensions")
def pg_available_extensions(ctx: Reader) -> Rows:
    """The extensions of the release, with what is installed of them."""
    return [
        {"name": x.name, "default_version": x.default, "installed_version": _installed(ctx, x.name), "comment": x.comment} for x in _available(ctx)
    ]


@view("pg_catalog.pg_available_extension_versions")
def pg_available_extension_versions(ctx: Reader) -> Rows:
    """Their versions; all of them want a superuser, which rds_superuser stands for."""
    return [{"name": x.name, "version": version, "installed": _installed(ctx, x.name) == version, "superuser": True, "trusted": x.trusted,
             "relocatable": False, "schema": x.schema, "requires": array(x.requires) if x.requires else None, "comment": x.comment}
            for x in _available(ctx) for version in x.versions]  # fmt: skip
