"""Aggregates: functions of groups."""

from auroraml.functions.aggregates import basic, collecting, floats, ordered

__all__ = ["basic", "collecting", "floats", "ordered"]
