"""pg_catalog and information_schema: each relation's rows computed from the catalog when it is read."""

from __future__ import annotations

from auroraml.system_views import (
    activity,
    charges,
    dependencies,
    extended_statistics,
    extensions,
    information_routines,
    information_schema,
    listings,
    relations,
    roles,
    routines,
    service_calls,
    settings,
    statistics,
)
from auroraml.system_views.registry import rows_of

__all__ = [
    "activity",
    "charges",
    "dependencies",
    "extended_statistics",
    "extensions",
    "information_routines",
    "information_schema",
    "listings",
    "relations",
    "roles",
    "routines",
    "rows_of",
    "service_calls",
    "settings",
    "statistics",
]
