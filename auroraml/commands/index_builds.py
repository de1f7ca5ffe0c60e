"""What making an index leaves in pg_class: the pages and rows counted on the way (index.c: index_update_stats)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from auroraml.catalog.statistics import IndexStatistics
from auroraml.commands.context import Host
from auroraml.ir.objects import Relation


def note_builds(relation: Relation, before: Relation, host: Host) -> None:
    """Count for the indexes of `relation` that `before` did not have."""
    known = {index.oid for index in before.indexes}
    made = [index for index in relation.indexes if index.oid not in known]
    if not made:
        return
    old = host.catalog.statistics(relation.oid)
    vectors = host.column_vectors(relation)
    rows = float(np.float32(vectors[0].n if vectors else 0))
    indexes = dict(old.indexes)
    for index in made:
        host.pages.built(relation, index)
        size = host.pages.index_pages(relation, index)
        indexes[index.oid] = IndexStatistics(pages=size.pages, height=size.height, tuples=float(np.float32(host.pages.index_tuples(relation, index))))
    visible = host.pages.visible_pages(relation)
    tuples = -1.0 if rows == 0 and old.tuples < 0 else rows
    host.set_statistics(relation, replace(old, pages=host.pages.heap_pages(relation), tuples=tuples, all_visible=visible, indexes=indexes))
