"""pg_catalog and information_schema: each relation's rows computed from the catalog when it is read."""

from auroraml.system_views.registry import rows_of

__all__ = ["rows_of"]
