"""Buffers and write-ahead log: there are none here, so the structured formats have zeros and the text format nothing."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.explain.model import Options, Property

BUFFERS = tuple(
    f"{place} {verb} Blocks"
    for place, verbs in (
        ("Shared", ("Hit", "Read", "Dirtied", "Written")),
        ("Local", ("Hit", "Read", "Dirtied", "Written")),
        ("Temp", ("Read", "Written")),
    )
    for verb in verbs
)


def usage(options: Options) -> Iterator[Property]:
    """What BUFFERS and WAL add to a node, or to a worker's part of it."""
    for label in BUFFERS if options.buffers else ():
        yield Property(label=label, value=0)
    for label in ("WAL Records", "WAL FPI", "WAL Bytes") if options.wal else ():
        yield Property(label=label, value=0)
