"""All system relations; importing this module registers them."""

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
    triggers,
)

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
    "service_calls",
    "settings",
    "statistics",
    "triggers",
]
