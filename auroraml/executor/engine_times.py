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
    compared: float = 0.0  # each row it reads, times the binary logarithm of how many rows a loop reads


WORKER_START = 0.0002  # seconds that the leader needs to start a worker
PLANNING, PLANNED_NODE = 0.00018, 0.00014  # seconds of planning: each statement, and each node of its plan
STARTING, STARTED_NODE = 6.7e-05, 2.7e-05  # seconds of making operators of a plan, and letting them go
OPERATIONS: dict[str, float] = {  # nanoseconds of a function or operator of a node's outputs and conditions, each time it is computed
    "operation on number": 8.83,
    "operation on numeric": 8.83,
    "operation on text": 8.83,
    "operation on other": 8.83,
    "aggregate of number": 8.83,
    "aggregate of numeric": 8.83,
    "aggregate of text": 8.83,
    "aggregate of other": 8.83,
}
OTHERS = NodeTimes(17300, 0, 0, 0.428, 0)  # the middle ones
NODES: dict[str, NodeTimes] = {
    "Append": NodeTimes(0, 0, 5_350, 0.000679, 0.000679),
    "BatchFunctionScan": NodeTimes(160_000, 16.6, 0, 0, 0),
    "BitmapHeapScan": NodeTimes(45_700, 45_700, 0, 0, 125),
    "BitmapIndexScan": NodeTimes(0, 0, 0, 0, 0),
    "BitmapOr": NodeTimes(0, 0, 0, 0, 0),
    "CteScan": NodeTimes(0, 0, 61_800, 0, 0),
    "FunctionScan": NodeTimes(119_000, 1_480, 0, 0, 0),
    "Gather": NodeTimes(275_000, 0, 0, 0, 0),
    "GatherMerge": NodeTimes(435_000, 0, 0, 0, 72.8),
    "Group": NodeTimes(6_280, 6_280, 12_600, 1.47, 0),
    "Hash": NodeTimes(1_940, 0, 3_880, 0.054, 0),
    "HashJoin": NodeTimes(190_000, 0, 0, 2.39, 0),
    "HashedAggregate": NodeTimes(105_000, 105_000, 0, 0, 146),
    "IncrementalSort": NodeTimes(13.9, 13.9, 223, 6_970, 0),
    "IndexOnlyScan": NodeTimes(80_100, 1_330, 69_300, 9.36, 9.36),
    "IndexScan": NodeTimes(56_700, 15.6, 11_300, 1.05, 0),
    "Limit": NodeTimes(17_300, 17_300, 9_190, 0, 0),
    "LockRows": NodeTimes(9_310, 9_310, 18_600, 461, 0),
    "Materialize": NodeTimes(50, 0, 200, 800, 0),
    "Memoize": NodeTimes(582_000, 0, 0, 0, 18.5),
    "MergeAppend": NodeTimes(0, 0, 0, 1_770, 0),
    "MergeJoin": NodeTimes(0, 0, 99_800, 2.19, 0.199),
    "ModifyTable": NodeTimes(12_300, 12_300, 0, 9.57, 0),
    "NestedLoop": NodeTimes(104_000, 0, 8_060, 0, 1.56),
    "PlainAggregate": NodeTimes(12_100, 0, 0, 0, 0),
    "ProjectSet": NodeTimes(74_600, 0, 0, 16, 0),
    "RecursiveUnion": NodeTimes(56.7, 0, 2_890, 2_830, 0),
    "Result": NodeTimes(5_210, 5_210, 10_400, 5_210, 5_210),
    "SampleScan": NodeTimes(29_000, 29_000, 58_100, 120, 0),
    "SeqScan": NodeTimes(10_500, 0, 8_510, 0.0387, 0),
    "SetOp": NodeTimes(21_600, 21_600, 43_100, 0, 22.4),
    "Sort": NodeTimes(128_000, 128_000, 0, 10.6, 0),
    "SortedAggregate": NodeTimes(75_900, 75_900, 0, 0, 0.157),
    "SubqueryScan": NodeTimes(11_300, 11_300, 0, 0.137, 0),
    "TidScan": NodeTimes(54_500, 54_500, 0, 54_500, 0),
    "Unique": NodeTimes(7_440, 0, 14_900, 1.47, 0),
    "ValuesScan": NodeTimes(88_100, 0, 0, 14_200, 0),
    "WindowAgg": NodeTimes(137_000, 0, 0, 0.428, 0.428),
    "WorkTableScan": NodeTimes(118, 5_920, 11_700, 5_920, 0),
}
