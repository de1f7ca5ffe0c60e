"""Metrics: what EXPLAIN ANALYZE prints, keyed by the plan node's id; merges across workers."""

from __future__ import annotations

from collections.abc import MutableSequence
from dataclasses import field

from auroraml.records import dataclass
from auroraml.services.meter import Bill


@dataclass(kw_only=True)
class BatchMetrics:
    """Batches of a batch-mode Function Scan: sizes in rows and call times in milliseconds, one entry a batch."""

    sizes: MutableSequence[int] = field(default_factory=list)
    times: MutableSequence[float] = field(default_factory=list)


@dataclass(kw_only=True)
class SortGroups:
    """The sorts of an Incremental Sort: how many, by which methods, in how many kilobytes of memory and disk."""

    count: int = 0
    methods: set[str] = field(default_factory=set)
    total: dict[str, int] = field(default_factory=dict)  # by Memory and Disk
    peak: dict[str, int] = field(default_factory=dict)

    def add(self, method: str, kind: str, kilobytes: int) -> None:
        """One more sort."""
        self.count += 1
        self.methods.add(method)
        self.total[kind] = self.total.get(kind, 0) + kilobytes
        self.peak[kind] = max(self.peak.get(kind, 0), kilobytes)


@dataclass(frozen=True, kw_only=True)
class GroupSpace:
    """What an aggregate's hash tables took: batches, bytes of memory and of disk."""

    batches: int = 1
    memory: int = 0
    disk: int = 0


@dataclass(kw_only=True)
class NodeMetrics:
    """One node's counters: `rows` and `loops` are totals as PostgreSQL counts them; times in milliseconds (totals over loops)."""

    rows: int = 0
    loops: int = 0
    startup: float = 0.0
    total: float = 0.0
    removed_by_filter: int = 0
    removed_by_join_filter: int = 0
    removed_by_recheck: int = 0
    heap_fetches: int = 0
    shared_hit: int = 0  # the node's own pages; what EXPLAIN prints includes those below
    local_hit: int = 0
    temp_read: int = 0
    temp_written: int = 0
    wal_records: int = 0
    wal_bytes: int = 0
    cache_hits: int = 0  # of a Memoize node
    cache_misses: int = 0
    cache_evictions: int = 0
    cache_overflows: int = 0
    batches: BatchMetrics | None = None
    charges: Bill | None = None  # of the node's own service calls; EXPLAIN (CHARGES) alone has them kept
    extra: dict[str, object] = field(default_factory=dict)  # "Sort Method", "Peak Memory Usage", "Buckets", ...
    workers: dict[int, NodeMetrics] = field(default_factory=dict)  # their counters are part of this node's, `extra` is the leader's own

    def absorb(self, number: int, other: NodeMetrics) -> None:
        """Add what worker `number` counted."""
        self._add(other)
        kept = self.workers.setdefault(number, NodeMetrics())
        kept._add(other)
        kept.extra.update(other.extra)

    def _add(self, other: NodeMetrics) -> None:
        for name in COUNTERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if other.batches is not None:
            self.batches = self.batches or BatchMetrics()
            self.batches.sizes += other.batches.sizes
            self.batches.times += other.batches.times
        if other.charges is not None:
            self.charges = self.charges or Bill()
            self.charges.merge(other.charges)

    def since(self, before: NodeMetrics) -> NodeMetrics:
        """What was counted since the counters were `before`."""
        made = NodeMetrics(extra=dict(self.extra))
        for name in COUNTERS:
            setattr(made, name, getattr(self, name) - getattr(before, name))
        return made

    def repeat(self, other: NodeMetrics) -> None:
        """Count once more what another participant counted for the same work."""
        self._add(other)
        self.extra.update(other.extra)

    def own(self) -> NodeMetrics:
        """The leader's part of the counters."""
        if not self.workers:
            return self
        made = NodeMetrics(extra=self.extra)
        for name in COUNTERS:
            setattr(made, name, getattr(self, name) - sum(getattr(worker, name) for worker in self.workers.values()))
        return made


COUNTED = (
    "rows", "loops", "removed_by_filter", "removed_by_join_filter", "removed_by_recheck", "heap_fetches", "shared_hit", "local_hit", "temp_read",
    "temp_written", "wal_records", "wal_bytes", "cache_hits", "cache_misses", "cache_evictions", "cache_overflows",
)  # fmt: skip
COUNTERS = (*COUNTED, "startup", "total")


@dataclass(kw_only=True)
class TriggerMetrics:
    """The calls of one trigger; `constraint` is the foreign key it is of."""

    relation: str
    constraint: str = ""
    calls: int = 0
    time: float = 0.0


@dataclass(kw_only=True)
class Metrics:
    """Everything measured in one execution; times in milliseconds."""

    nodes: dict[int, NodeMetrics] = field(default_factory=dict)
    triggers: dict[tuple[str, str], TriggerMetrics] = field(default_factory=dict)  # by relation and name
    planning: float = 0.0
    execution: float = 0.0

    def node(self, id: int) -> NodeMetrics:
        """The entry of node `id`, made on first use."""
        found = self.nodes.get(id)
        if found is None:
            found = self.nodes[id] = NodeMetrics()
        return found

    def absorb(self, number: int, other: Metrics) -> None:
        """Add what worker `number` measured."""
        for id, metrics in other.nodes.items():
            self.node(id).absorb(number, metrics)
