"""LockRows: SELECT ... FOR UPDATE and its kin hold the rows they return until the transaction ends."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Batch, FixedVector, Index
from auroraml.errors import LockNotAvailable
from auroraml.executor.operator import Streaming
from auroraml.executor.write_ahead import CHANGE
from auroraml.ir import physical as p


class LockedRows(Streaming):
    """Waits for other transactions that hold a row, leaves it out (SKIP LOCKED), or gives up (NOWAIT)."""

    node: p.LockRows

    def step(self, batch: Batch) -> tuple[Batch, Index | None]:
        keep = np.ones(batch.n, np.bool_)
        store, transaction = self.ctx.store, self.ctx.transaction
        for place, relation, policy in self.node.rows:
            numbers = batch.vector(place).flat()
            assert isinstance(numbers, FixedVector)
            known = np.flatnonzero(numbers.valid & keep)
            rows = numbers.values[known]
            table = store.table(relation.oid)
            with store.lock:
                held = store.held(table, rows, transaction)
                if len(held) and policy == "nowait":
                    raise LockNotAvailable(f'could not obtain lock on row in relation "{relation.name}"')
                if len(held) and policy == "skip locked":
                    free = ~np.isin(rows, held)
                    keep[known[~free]] = False
                    rows = rows[free]
                gone = store.claim(table, rows, transaction, self.ctx.check_cancel)
                if len(gone):
                    keep[known[np.isin(numbers.values[known], gone)]] = False
                    rows = rows[~np.isin(rows, gone)]
                store.lock_rows(table, rows, transaction)
                self.metrics.shared_hit += len(rows)  # each row's page once more
                self.metrics.wal_records += len(rows)
                self.metrics.wal_bytes += len(rows) * CHANGE
        kept = np.flatnonzero(keep)
        frame = self.frame(len(kept), batch.take(kept))
        return (self.project(frame) if self.targets else frame.sides[0]), kept
