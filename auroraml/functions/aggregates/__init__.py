"""Aggregates: functions of groups."""

from auroraml.functions.aggregates import basic

__all__ = ["basic"]
