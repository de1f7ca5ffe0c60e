"""Manifests: the extensions there are, what each of their versions adds as catalog rows, and how one version becomes another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from auroraml.catalog.catalog import Catalog
from auroraml.catalog.changes import Row
from auroraml.extensions import aws_ml
from auroraml.extensions.versions import default_version
from auroraml.ir.objects import Role
from auroraml.records import dataclass
from auroraml.settings import Settings
from auroraml.settings.instances import AURORAML_ENGINE_VERSION

Script = Callable[[Role, Callable[[], int], Catalog, Settings], tuple[Row, ...]]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """An extension's control file; `scripts` make, for an owner, the rows that each version adds to the one before it (none: not installable here)."""

    name: str
    scripts: Mapping[str, Script] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    comment: str = ""
    schema: str | None = None
    trusted: bool = False

    def default(self, settings: Settings) -> str:
        """The newest version that the instance's release has."""
        return default_version(self.name, settings[AURORAML_ENGINE_VERSION])

    def versions(self, settings: Settings) -> tuple[str, ...]:
        """The versions that the instance's release can install, oldest first."""
        newest = self.default(settings)
        known = tuple(self.scripts)
        return known[: known.index(newest) + 1] if newest in known else (newest,)

    def between(self, old: str | None, new: str) -> list[Script]:
        """The scripts that lead from version `old` (None: from nothing) to `new`."""
        names = list(self.scripts)
        return [self.scripts[name] for name in names[0 if old is None else names.index(old) + 1 : names.index(new) + 1]]


def _nothing(owner: Role, new_oid: Callable[[], int], catalog: Catalog, settings: Settings) -> tuple[Row, ...]:
    return ()


MANIFESTS = {manifest.name: manifest for manifest in (
    Manifest(name="apg_plan_mgmt", comment="Amazon Aurora with PostgreSQL compatibility Query Plan Management", schema="apg_plan_mgmt"),
    Manifest(name="aws_commons", scripts={"1.2": _nothing}, comment="Common data types across AWS services"),
    Manifest(name="aws_lambda", requires=("aws_commons",), comment="AWS Lambda integration"),
    Manifest(name="aws_ml", scripts=aws_ml.SCRIPTS, requires=("aws_commons",), comment="AWS machine learning integration"),
    Manifest(name="aws_s3", requires=("aws_commons",), comment="AWS S3 extension for importing data from S3"),
    Manifest(name="plpgsql", comment="PL/pgSQL procedural language", schema="pg_catalog", trusted=True),
)}  # fmt: skip
