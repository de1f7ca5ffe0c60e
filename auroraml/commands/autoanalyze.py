"""Autoanalyze: the tables of which a commit has changed so many rows that autovacuum would analyze them (autovacuum.c: relation_needs_vacanalyze)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from auroraml.catalog.simulated import simulates
from auroraml.commands.analyze import gather
from auroraml.commands.context import Host
from auroraml.ir.objects import Relation
from auroraml.settings.autovacuum import AUTOVACUUM, AUTOVACUUM_ANALYZE_SCALE_FACTOR, AUTOVACUUM_ANALYZE_THRESHOLD
from auroraml.settings.setting import parse_bool


def autoanalyze(tables: Iterable[int], host: Host) -> None:
    """Analyze those of some tables that are due."""
    for oid in tables:
        relation = host.catalog.relations_by_oid.get(oid)
        if relation is not None and _due(relation, host):
            gather(relation, (), host, quiet=True)


def _due(relation: Relation, host: Host) -> bool:
    """Whether more rows were changed since the last ANALYZE than the threshold; temporary tables never are due."""
    options = dict(relation.options)
    if (
        relation.kind not in "rm"
        or simulates(host.catalog, relation)
        or relation.persistence == "t"
        or parse_bool(options.get("autovacuum_enabled", "true")) is False
    ):
        return False
    settings = host.settings
    if not settings[AUTOVACUUM]:
        return False
    base = float(options.get("autovacuum_analyze_threshold", settings[AUTOVACUUM_ANALYZE_THRESHOLD]))
    scale = float(options.get("autovacuum_analyze_scale_factor", settings[AUTOVACUUM_ANALYZE_SCALE_FACTOR]))
    tuples = max(host.catalog.statistics(relation.oid).tuples, 0.0)
    return host.changed_rows(relation) > float(np.float32(np.float32(base) + np.float32(scale) * np.float32(tuples)))
