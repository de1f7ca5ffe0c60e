"""What the engine's own work takes in virtual time: nanoseconds by plan node, measured once by tools/record_engine_times.py."""

from __future__ import annotations

from typing import NamedTuple


class NodeTimes(NamedTuple):
    """Nanoseconds of a plan node."""

    start: float  # the first time it is asked for rows
    loop: float  # each time it runs
    pull: float  # each time it is asked for rows
    read: float  # each row it reads of the nodes below, or of its table
    row: float  # each row it gives


WORKER_START = 0.0002  # seconds that the leader needs to start a worker
PLANNING, PLANNED_NODE = 0.00012, 0.00024  # seconds of planning: each statement, and each node of its plan
STARTING, STARTED_NODE = 7.9e-05, 3.7e-05  # seconds of making operators of a plan, and letting them go
OPERATION = 8.3  # nanoseconds of a function or operator of a node's outputs and conditions, each time it is computed
OTHERS = NodeTimes(21800, 0, 0, 0.025, 0)  # the middle ones
NODES: dict[str, NodeTimes] = {
    "Append": NodeTimes(9_130, 9_130, 0, 0.0103, 0),
    "BatchFunctionScan": NodeTimes(230_000, 6.26, 0, 6.26, 6.26),
    "BitmapHeapScan": NodeTimes(0, 0, 72_000, 0, 137),
    "BitmapIndexScan": NodeTimes(0, 0, 0, 0, 0),
    "BitmapOr": NodeTimes(0, 0, 0, 0, 0),
    "CteScan": NodeTimes(0, 0, 73_800, 0, 0),
    "FunctionScan": NodeTimes(151_000, 2_770, 0, 0, 0),
    "Gather": NodeTimes(303_000, 0, 0, 0, 0),
    "GatherMerge": NodeTimes(121_000, 0, 242_000, 226, 0),
    "Group": NodeTimes(7_860, 7_860, 15_700, 1.7, 0),
    "Hash": NodeTimes(0, 0, 6_200, 0.025, 0.025),
    "HashJoin": NodeTimes(373_000, 0, 0, 2.66, 0),
    "HashedAggregate": NodeTimes(0, 0, 191_000, 0, 125),
    "IncrementalSort": NodeTimes(0, 0, 0, 4_130, 4_120),
    "IndexOnlyScan": NodeTimes(137_000, 0, 52_800, 21.3, 0),
    "IndexScan": NodeTimes(71_900, 26.2, 14_100, 1.02, 0),
    "Limit": NodeTimes(62_600, 0, 10_400, 0, 0),
    "LockRows": NodeTimes(16_500, 16_500, 33_100, 231, 231),
    "Materialize": NodeTimes(15_200, 0, 0, 0, 0),
    "Memoize": NodeTimes(699_000, 0, 0, 0, 22.9),
    "MergeAppend": NodeTimes(11.4, 11.4, 0, 0, 2_270),
    "MergeJoin": NodeTimes(45_500, 45_500, 91_000, 2.45, 0.223),
    "ModifyTable": NodeTimes(30_400, 0, 0, 9.59, 0),
    "NestedLoop": NodeTimes(114_000, 0, 25_200, 0, 2.17),
    "PlainAggregate": NodeTimes(25_500, 0, 0, 0, 0),
    "ProjectSet": NodeTimes(21_200, 0, 42_400, 10.2, 0),
    "RecursiveUnion": NodeTimes(123, 123, 6_260, 0, 0),
    "Result": NodeTimes(23_700, 23_700, 0, 0, 0),
    "SampleScan": NodeTimes(72_500, 0, 145_000, 120, 0),
    "SeqScan": NodeTimes(0, 0, 18_100, 0.0445, 0),
    "SetOp": NodeTimes(89_600, 89_600, 0, 14.4, 11.7),
    "Sort": NodeTimes(388_000, 0, 0, 12.2, 0),
    "SortedAggregate": NodeTimes(0, 0, 135_000, 0, 5.91),
    "SubqueryScan": NodeTimes(5_270, 0, 10_500, 0.191, 0),
    "TidScan": NodeTimes(105_000, 105_000, 0, 0, 0),
    "Unique": NodeTimes(220, 220, 0, 1.51, 3_530),
    "ValuesScan": NodeTimes(21_800, 0, 43_500, 15_900, 0),
    "WindowAgg": NodeTimes(178_000, 0, 0, 2.46, 2.46),
    "WorkTableScan": NodeTimes(854, 0, 0, 0, 41_900),
}
