"""What the engine's own work takes in virtual time: nanoseconds by plan node, measured once by tools/record_engine_times.py."""

from __future__ import annotations

from typing import NamedTuple


class NodeTimes(NamedTuple):
    """Nanoseconds of a plan node."""

    loop: float  # each time it runs
    pull: float  # each time it is asked for rows
    read: float  # each row it reads of the nodes below, or of its table
    row: float  # each row it gives


WORKER_START = 0.0002  # seconds that the leader needs to start a worker
PLANNING, PLANNED_NODE = 0.0002, 0.0001  # seconds of planning: each statement, and each node of its plan
OPERATION = 10.0  # nanoseconds of a function or operator of a node's outputs and conditions, each time it is computed
OTHERS = NodeTimes(20_000, 5_000, 20, 20)
NODES: dict[str, NodeTimes] = {}
