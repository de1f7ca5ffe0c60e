"""json and jsonb: values to JSON, access, building, changing, and rows of documents."""

from auroraml.functions.json import access, aggregates, building, changing, comparing, expanding, records

__all__ = ["access", "aggregates", "building", "changing", "comparing", "expanding", "records"]
