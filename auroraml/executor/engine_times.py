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
PLANNING, PLANNED_NODE = 0.00043, 0.0002  # seconds of planning: each statement, and each node of its plan
STARTING, STARTED_NODE = 0.00012, 3.8e-05  # seconds of making operators of a plan, and letting them go
OPERATIONS: dict[str, float] = {  # nanoseconds of a function or operator of a node's outputs and conditions, each time it is computed
    "aggregate of number": 5.44,
    "aggregate of numeric": 6.2,
    "aggregate of other": 16,
    "aggregate of text": 16,
    "operation on number": 2.43,
    "operation on numeric": 33.4,
    "operation on other": 33.4,
    "operation on text": 23.7,
}
OTHERS = NodeTimes(68900, 0, 0, 1.44, 0)  # the middle ones
NODES: dict[str, NodeTimes] = {
    "Append": NodeTimes(2_200, 2_200, 6_600, 0, 0),
    "BatchFunctionScan": NodeTimes(372_000, 13.7, 0, 13.7, 0),
    "BitmapHeapScan": NodeTimes(223_000, 0, 0, 0, 166),
    "BitmapIndexScan": NodeTimes(0, 0, 0, 0, 0),
    "BitmapOr": NodeTimes(0, 0, 0, 0, 0),
    "CteScan": NodeTimes(0, 0, 103_000, 0, 0),
    "FunctionScan": NodeTimes(248_000, 2_520, 0, 0, 0),
    "Gather": NodeTimes(233_000, 233_000, 0, 0, 0),
    "GatherMerge": NodeTimes(346_000, 346_000, 0, 0, 109),
    "Group": NodeTimes(13_700, 13_700, 27_300, 2.15, 0),
    "Hash": NodeTimes(3_200, 0, 6_390, 0.0262, 0.0262),
    "HashJoin": NodeTimes(607_000, 0, 0, 9.37, 0),
    "HashJoin by number": NodeTimes(453_000, 0, 0, 4.24, 0),
    "HashJoin by numeric": NodeTimes(80_400, 0, 161_000, 0, 11_300),
    "HashJoin by text": NodeTimes(679_000, 0, 0, 36.2, 0),
    "HashedAggregate": NodeTimes(0, 0, 0, 7.91, 1_480),
    "HashedAggregate by number": NodeTimes(375_000, 375_000, 0, 8.1, 121),
    "HashedAggregate by number and more": NodeTimes(287_000, 287_000, 0, 1.04, 0),
    "HashedAggregate by numeric": NodeTimes(0, 0, 680_000, 25_500, 0),
    "HashedAggregate by text": NodeTimes(0, 0, 0, 1_220, 1_220),
    "HashedAggregate by text and more": NodeTimes(0, 0, 0, 1_830, 0),
    "IncrementalSort": NodeTimes(0, 0, 291, 9_120, 0),
    "IncrementalSort by text and more": NodeTimes(0, 0, 291, 9_120, 0),
    "IndexOnlyScan": NodeTimes(241_000, 2_430, 49_400, 15.9, 15.9),
    "IndexScan": NodeTimes(89_000, 45.8, 9_310, 0.165, 0.165),
    "Limit": NodeTimes(41_100, 41_100, 10_800, 0, 0),
    "LockRows": NodeTimes(0, 0, 50_200, 860, 0),
    "Materialize": NodeTimes(1_230, 0, 4_920, 0, 0),
    "Memoize": NodeTimes(916_000, 0, 0, 0, 36.4),
    "MergeAppend": NodeTimes(14.8, 14.8, 14.8, 0, 2_960),
    "MergeJoin": NodeTimes(185_000, 185_000, 0, 2.53, 0),
    "ModifyTable": NodeTimes(40_500, 0, 0, 11.6, 0),
    "NestedLoop": NodeTimes(94_900, 94_900, 17_600, 1.44, 0),
    "PlainAggregate": NodeTimes(38_500, 0, 0, 0, 0),
    "ProjectSet": NodeTimes(77_200, 77_200, 0, 0, 47.2),
    "RecursiveUnion": NodeTimes(218_000, 218_000, 0, 0, 0),
    "Result": NodeTimes(0, 0, 24_800, 12_400, 12_400),
    "SampleScan": NodeTimes(68_900, 0, 138_000, 171, 0),
    "SeqScan": NodeTimes(9_000, 0, 18_700, 0.0602, 0),
    "SetOp": NodeTimes(54_100, 0, 108_000, 0, 35.3),
    "Sort": NodeTimes(559_000, 0, 0, 26.6, 0, 0),
    "Sort by number": NodeTimes(427_000, 0, 0, 8.69, 0, 0.0981),
    "Sort by number and more": NodeTimes(298_000, 0, 0, 0, 0, 2.23),
    "Sort by numeric": NodeTimes(1_400_000, 0, 0, 5_660, 0, 0),
    "Sort by numeric and more": NodeTimes(888_000, 888_000, 0, 0, 0, 365),
    "Sort by text": NodeTimes(663_000, 0, 0, 0, 0, 10.8),
    "Sort by text and more": NodeTimes(552_000, 0, 0, 0, 0, 8.49),
    "SortedAggregate": NodeTimes(431_000, 0, 0, 0, 6.56),
    "SubqueryScan": NodeTimes(6_750, 6_750, 13_500, 0.239, 0),
    "TidScan": NodeTimes(43_700, 43_700, 87_400, 43_700, 0),
    "TopSort by number": NodeTimes(201_000, 201_000, 0, 65.2, 0, 0),
    "TopSort by number and more": NodeTimes(124_000, 124_000, 124_000, 33.7, 0, 2.07),
    "TopSort by numeric": NodeTimes(9_380, 9_380, 9_380, 6_890, 93_800, 0),
    "TopSort by text": NodeTimes(645_000, 0, 0, 0, 0, 15.6),
    "TopSort by text and more": NodeTimes(0, 0, 0, 3_110, 0, 0),
    "Unique": NodeTimes(34_000, 34_000, 0, 2.45, 0),
    "ValuesScan": NodeTimes(24_500, 24_500, 49_100, 1_390, 0),
    "WindowAgg": NodeTimes(0, 0, 129_000, 11.3, 0),
    "WorkTableScan": NodeTimes(586, 29_300, 0, 0, 28_700),
}
