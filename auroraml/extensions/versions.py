"""Which extensions, in which versions, each release of Aurora PostgreSQL 15 provides: those of AWS and PL/pgSQL."""

from __future__ import annotations

from auroraml.settings.instances import RELEASES, release

# "Extensions supported for Aurora PostgreSQL 15" in the release notes of Aurora PostgreSQL, April 2026; releases as RELEASES has them, newest first
_TABLE = {
    "apg_plan_mgmt": "2.9 2.9 2.9 2.9 2.8 2.7 2.7 2.7 2.6 2.6 2.5 2.4 2.4",
    "aws_commons": "1.2 1.2 1.2 1.2 1.2 1.2 1.2 1.2 1.2 1.2 1.2 1.2 1.2",
    "aws_lambda": "2.0 2.0 2.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0",
    "aws_ml": "2.0 2.0 2.0 2.0 2.0 2.0 2.0 2.0 2.0 2.0 1.0 1.0 1.0",
    "aws_s3": "2.0 1.2 1.2 1.2 1.2 1.2 1.2 1.2 1.2 1.2 1.2 1.1 1.1",
    "plpgsql": "1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0",
}
PROVIDED = {name: dict(zip(RELEASES, versions.split(), strict=True)) for name, versions in _TABLE.items()}


def default_version(name: str, engine_version: str) -> str:
    """The version that CREATE EXTENSION installs of itself."""
    return PROVIDED[name][release(engine_version)]
