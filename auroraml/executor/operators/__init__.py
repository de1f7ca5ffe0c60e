"""One module a family of plan nodes."""

from auroraml.executor.operators import functions, grouping, joins, modify, ordering, scans, sets

__all__ = ["functions", "grouping", "joins", "modify", "ordering", "scans", "sets"]
