"""Append and SetOp."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Batch, FixedVector
from auroraml.evaluate.keys import groups
from auroraml.executor.operator import Keeping, Operator
from auroraml.executor.plans import is_partial
from auroraml.executor.shares import Members
from auroraml.executor.work import output_type
from auroraml.ir import physical as p


class AppendRows(Operator):
    """The rows of each child in turn."""

    node: p.Append

    def open(self) -> None:
        self.at = 0
        self.members: Members | None = None
        if self.member is not None and self.node.parallel_aware:
            crew, whole = self.member.crew, sum(not is_partial(source) for source in self.node.sources)
            self.members = crew.share(self.node.id, lambda: Members(crew, whole, len(self.node.sources)))
            self._choose(self.members)

    def _choose(self, members: Members) -> None:
        """The member that this participant of a Parallel Append runs next."""
        assert self.member is not None
        found = members.choose(self.member)
        self.at = len(self.children) if found is None else found

    def produce(self, n: int) -> Batch | None:
        while self.at < len(self.children):
            batch = self.pull_for(self.children[self.at], n)
            if batch is not None:
                self.last = batch
                if not self.tests and self.plain is not None and self.plain == list(range(len(batch.columns))):
                    return batch
                frame, _ = self.passing(self.frame(batch.n, batch))
                if frame.n:
                    return self.project(frame) if self.targets else frame.sides[0].select([])  # columns that nobody reads differ by child
                continue
            if self.members is None:
                self.at += 1
            else:
                self.members.done(self.at)
                self._choose(self.members)
        return None

    def bound(self, n: int) -> None:
        for child in self.children:
            child.bound(n)

    def take_back(self, batch: Batch) -> None:
        if self.tests or self.volatile or self.loops.n is not None or self.at >= len(self.children):
            super().take_back(batch)
            return
        self.children[self.at].unread(self.last.drop(self.last.n - batch.n))
        self.last = self.last.slice(0, self.last.n - batch.n)


class SetOpRows(Keeping):
    """INTERSECT and EXCEPT by counting each side's copies of a row."""

    node: p.SetOp

    def collect(self) -> Batch | None:
        batch = self.drain_for(self.children[0])
        if batch is None:
            return None
        vectors = [batch.vector(k) for k in self.node.keys]
        types = [output_type(self.node.source, k) for k in self.node.keys]
        if batch.owner is not None:
            vectors.append(batch.owner.vector)
            types.append(output_type(self.node.source, self.node.flag))
        codes, count, first = groups(vectors, types, batch.n)
        flag = batch.vector(self.node.flag).flat()
        assert isinstance(flag, FixedVector)
        left = np.bincount(codes[flag.values == 0], minlength=count)
        right = np.bincount(codes[flag.values == 1], minlength=count)
        copies = {
            "Intersect": (left > 0) & (right > 0), "Intersect All": np.minimum(left, right),
            "Except": (left > 0) & (right == 0), "Except All": np.maximum(left - right, 0),
        }[self.node.command].astype(np.int64)  # fmt: skip
        return batch.take(np.repeat(first, copies))

    def produce(self, n: int) -> Batch | None:
        while (batch := self.feed.give(n)) is not None:
            frame, _ = self.passing(self.frame(batch.n, batch))
            if frame.n:
                return self.project(frame)
        return None
