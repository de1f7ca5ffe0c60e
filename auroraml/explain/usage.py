"""Buffers and write-ahead log: pages and records counted by a model of PostgreSQL's layout; all pages are found in memory, none is logged whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil

from auroraml.explain.hash_table import TUPLE_HEADER, hash_table
from auroraml.explain.model import Options, Property
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.metrics import NodeMetrics
from auroraml.ir.tree import children as parts
from auroraml.records import dataclass

BUFFERS = tuple(
    f"{place} {verb} Blocks"
    for place, verbs in (
        ("Shared", ("Hit", "Read", "Dirtied", "Written")),
        ("Local", ("Hit", "Read", "Dirtied", "Written")),
        ("Temp", ("Read", "Written")),
    )
    for verb in verbs
)


PAGE, HASH_WORD = 8_192, 4  # of a temporary file; written before each row


@dataclass(frozen=True, kw_only=True)
class Pages:
    """Pages that a node and all that runs below it used."""

    shared: int = 0
    local: int = 0
    read: int = 0
    written: int = 0
    records: int = 0  # of the write-ahead log
    size: int = 0  # and their bytes

    def __add__(self, other: Pages) -> Pages:
        return Pages(
            shared=self.shared + other.shared, local=self.local + other.local, read=self.read + other.read, written=self.written + other.written,
            records=self.records + other.records, size=self.size + other.size,
        )  # fmt: skip


NONE = Pages()


def own(metrics: NodeMetrics | None) -> Pages:
    """A node's own pages."""
    if metrics is None:
        return NONE
    return Pages(
        shared=metrics.shared_hit, local=metrics.local_hit, read=metrics.temp_read, written=metrics.temp_written, records=metrics.wal_records,
        size=metrics.wal_bytes,
    )  # fmt: skip


class Usage:
    """Pages by node: those of subqueries belong to the node that asked for them first, as far as that can be told."""

    def __init__(self, root: p.PhysicalPlan, metrics: Mapping[int, NodeMetrics], hash_memory: int) -> None:
        self.metrics = metrics
        self.hash_memory = hash_memory
        self.askers: dict[int, list[p.PhysicalPlan]] = {}  # by the node that runs them: plans of init plans and WITH queries
        self.placed: set[int] = set()
        self.files: dict[int, Pages] = {}  # of hash joins
        self._place(root, {}, {})

    def _place(self, node: p.PhysicalPlan, outputs: dict[int, p.PhysicalPlan], ctes: dict[int, p.PhysicalPlan]) -> None:
        for plan in node.init_plans:
            self._place(plan.plan, outputs, ctes)
            if plan.kind == "cte":
                ctes[plan.index] = plan.plan
            outputs.update(dict.fromkeys(plan.outputs, plan.plan))
        if isinstance(node, p.CteScan):
            self._ask(node, ctes.get(node.cte))
        pending: list[object] = list(parts(node))
        while pending:
            item = pending.pop()
            if isinstance(item, p.PhysicalPlan):
                continue
            if isinstance(item, e.ParamRef) and item.kind == "exec":
                self._ask(node, outputs.get(item.number))
            if isinstance(item, e.SubPlan):
                if item.plan is not None and item.kind != "cte" and not any(item.index == plan.index for plan in node.init_plans):
                    self._place(item.plan, outputs, ctes)
                    self._ask(node, item.plan)
                pending.extend(part for part in parts(item) if not isinstance(part, p.PhysicalPlan))
                continue
            pending.extend(parts(item))
        if isinstance(node, p.HashJoin):
            self.files[node.inner.id], self.files[node.id] = self._batches(node)
        for child in node.children():
            self._place(child, outputs, ctes)

    def _ask(self, node: p.PhysicalPlan, plan: p.PhysicalPlan | None) -> None:
        if plan is not None and plan.id not in self.placed:
            self.placed.add(plan.id)
            self.askers.setdefault(node.id, []).append(plan)

    def of(self, node: p.PhysicalPlan, worker: int | None = None) -> Pages:
        """The pages of a node, of all participants or of one worker."""
        metrics = self.metrics.get(node.id)
        if worker is not None and metrics is not None:
            metrics = metrics.workers.get(worker)
        found = own(metrics)
        if worker is None:
            found += self.files.get(node.id, NONE)
        for below in (*node.children(), *self.askers.get(node.id, ())):
            found += self.of(below, worker)
        return found

    def _batches(self, join: p.HashJoin) -> tuple[Pages, Pages]:
        """What a hash join of several batches writes while it builds its table, and what else it writes and reads: an equal share for each batch."""
        inner, outer = self.metrics.get(join.inner.id), self.metrics.get(join.outer.id)
        if inner is None or outer is None or not inner.loops or join.parallel_aware:
            return NONE, NONE
        size = int(str(inner.extra.get("Tuple Bytes", 0)))
        table = hash_table(join.inner.cost.rows, join.inner.cost.width, inner.rows // inner.loops, self.hash_memory, size)
        later = table.batches - 1
        if not later:
            return NONE, NONE
        inside = (size + inner.rows // inner.loops * HASH_WORD) / table.batches
        outside = outer.rows // max(outer.loops, 1) * (HASH_WORD + TUPLE_HEADER + join.outer.cost.width) / table.batches
        early, whole, other = int(inside // PAGE), ceil(inside / PAGE), ceil(outside / PAGE)
        return Pages(written=later * early), Pages(read=later * (whole + other), written=later * (whole - early + other))


def usage(options: Options, pages: Pages = NONE) -> Iterator[Property]:
    """What BUFFERS and WAL add to a node, or to a worker's part of it."""
    if options.buffers:
        counts = {
            "Shared Hit Blocks": pages.shared,
            "Local Hit Blocks": pages.local,
            "Temp Read Blocks": pages.read,
            "Temp Written Blocks": pages.written,
        }
        said = [f"{place} hit={count}" for place, count in (("shared", pages.shared), ("local", pages.local)) if count]
        temp = [f"{verb}={count}" for verb, count in (("read", pages.read), ("written", pages.written)) if count]
        said += [f"temp {' '.join(temp)}"] if temp else []
        for label in BUFFERS:
            text = f"Buffers: {', '.join(said)}" if said and label == BUFFERS[0] else None
            yield Property(label=label, value=counts.get(label, 0), text=text)
    if options.wal:
        text = f"WAL: records={pages.records} bytes={pages.size}" if pages.records else None
        yield Property(label="WAL Records", value=pages.records, text=text)
        yield Property(label="WAL FPI", value=0)
        yield Property(label="WAL Bytes", value=pages.size)
