"""Dates and times: arithmetic, fields, truncation, comparison, construction, time zones, formatting."""

from auroraml.functions.dates import arithmetic, comparing, fields, intervals, making, truncating, zones

__all__ = ["arithmetic", "comparing", "fields", "intervals", "making", "truncating", "zones"]
