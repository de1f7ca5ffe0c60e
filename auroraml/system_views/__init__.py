"""pg_catalog and information_schema: each relation's rows computed from the catalog when it is read."""

from __future__ import annotations

from auroraml.system_views import statistics
from auroraml.system_views.rows import rows_of

__all__ = ["rows_of", "statistics"]
