"""The plan of a page: EXPLAIN's JSON as nodes with totals over their loops, the share of time that each takes itself, and how far estimates were off."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace

from auroraml.records import dataclass
from auroraml.teach.page.labels import Json, label

TIME_GRADES = (0.9, 0.5, 0.1)  # shares of the execution time above which a node is marked, the worst first
ROW_GRADES = (1000.0, 100.0, 10.0)  # how many times rows were over- or underestimated
SHOWN_ELSEWHERE = frozenset({
    "Node Type", "Plans", "Startup Cost", "Total Cost", "Plan Rows", "Plan Width", "Actual Startup Time", "Actual Total Time", "Actual Rows",
    "Actual Loops", "Parent Relationship", "Subplan Name", "Parallel Aware", "Async Capable",
})  # fmt: skip
_RETURNS = re.compile(r"\(returns ([^)]*)\)")
_PARAMETER = re.compile(r"\$\d+")


@dataclass(frozen=True, kw_only=True)
class Actual:
    """What EXPLAIN ANALYZE measured: milliseconds and rows of one loop as printed, and of all loops.

    `total` is the time that passes on the clock: loops of participants that run at the same time are not added up. `own` is what the node takes of it
    without its children.
    """

    first: float
    last: float
    rows: float
    loops: int
    total: float = 0.0
    own: float = 0.0
    share: float = 0.0  # own, of the whole plan's time
    timed: bool = True

    @property
    def all_rows(self) -> int:
        """Rows of all loops; where there are several, EXPLAIN prints a rounded mean, and this is as exact as that."""
        return round(self.rows * self.loops)

    @property
    def all_rows_told(self) -> str:
        """The same in words: of several loops about so many; a mean that is rounded to nothing says only that there were fewer rows than half the loops."""
        if self.loops < 2:
            return f"{self.all_rows:,}"
        most = math.ceil(self.loops / 2)
        return f"< {most:,}" if not self.rows and most > 1 else f"≈ {self.all_rows:,}"

    @property
    def grade(self) -> int:
        """0 to 3: how many of the time grades its share is above."""
        return sum(self.share > grade for grade in TIME_GRADES)


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node of the plan. Numbers go down the tree, from 1."""

    number: int = 0
    label: str
    title: str = ""  # InitPlan 1 (returns $0), CTE x, SubPlan 2
    startup_cost: float | None = None
    total_cost: float | None = None
    own_cost: float = 0.0
    plan_rows: float | None = None
    width: int | None = None
    actual: Actual | None = None
    properties: tuple[tuple[str, object], ...] = ()
    children: tuple[Node, ...] = ()
    json: Json = field(default_factory=dict, repr=False)

    @property
    def factor(self) -> float | None:
        """Rows of a loop over their estimate: above 1 they were underestimated, below 1 overestimated; None where it never ran."""
        if self.actual is None or not self.actual.loops or self.plan_rows is None:
            return None
        return max(self.actual.rows, 1.0) / max(self.plan_rows, 1.0)

    @property
    def row_grade(self) -> int:
        """0 to 3: how many of the row grades the estimate is off by."""
        off = self.factor
        return 0 if off is None else sum(max(off, 1 / off) > grade for grade in ROW_GRADES)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One EXPLAIN: the tree, and what stands below it. Times are milliseconds; None without ANALYZE."""

    root: Node
    planning: float | None = None
    execution: float | None = None
    first_row: float | None = None
    settings: tuple[tuple[str, str], ...] = ()
    migrations: tuple[Json, ...] = ()
    charges: Json = field(default_factory=dict)
    rest: tuple[tuple[str, object], ...] = ()


def walk(node: Node, depth: int = 0) -> Iterator[tuple[Node, int]]:
    """The node and all below it with their depths, in print order."""
    yield node, depth
    for child in node.children:
        yield from walk(child, depth + 1)


def read_plan(document: Json) -> Plan:
    """From the object that EXPLAIN (FORMAT JSON) has in its list."""
    tree = document["Plan"]
    assert isinstance(tree, Mapping)
    settings = document.get("Settings")
    migrations = document.get("Function Migrations")
    charges = document.get("Total Charges")
    root = _measured(_read(tree, scale=1.0), _number(document, "Execution Time"))
    known = {"Plan", "Settings", "Function Migrations", "Total Charges", "Planning Time", "Execution Time"}
    return Plan(
        root=_numbered(root)[0],
        planning=_number(document, "Planning Time"),
        execution=_number(document, "Execution Time"),
        first_row=None if root.actual is None else root.actual.first,
        settings=tuple((name, str(value)) for name, value in settings.items()) if isinstance(settings, Mapping) else (),
        migrations=tuple(migrations) if isinstance(migrations, Sequence) else (),
        charges=charges if isinstance(charges, Mapping) else {},
        rest=tuple((name, value) for name, value in document.items() if name not in known and value not in ([], {})),
    )


def _number(values: Json, name: str) -> float | None:
    value = values.get(name)
    return float(value) if isinstance(value, int | float) else None


def _plans(node: Json) -> Sequence[Json]:
    found = node.get("Plans", ())
    assert isinstance(found, Sequence)
    return found


def _read(node: Json, scale: float) -> Node:
    """`scale` turns a time summed over all loops into time on the clock: participants of a Gather run their loops at the same time."""
    actual = _actual(node, scale)
    plans = _plans(node)
    below = scale
    if str(node["Node Type"]).startswith("Gather") and actual is not None and plans:
        loops = _number(plans[0], "Actual Loops") or 0.0
        below = scale * max(actual.loops, 1) / max(loops, 1.0)
    children = tuple(_read(child, scale if child.get("Parent Relationship") == "InitPlan" else below) for child in plans)
    cost, width = _number(node, "Total Cost"), _number(node, "Plan Width")
    return Node(
        label=label(node), title=str(node.get("Subplan Name", "")), startup_cost=_number(node, "Startup Cost"), total_cost=cost,
        own_cost=max(0.0, (cost or 0.0) - sum(child.total_cost or 0.0 for child in children)),
        plan_rows=_number(node, "Plan Rows"), width=None if width is None else int(width), actual=actual,
        properties=tuple((name, value) for name, value in node.items() if name not in SHOWN_ELSEWHERE), children=children, json=node,
    )  # fmt: skip


def _actual(node: Json, scale: float) -> Actual | None:
    loops, rows = _number(node, "Actual Loops"), _number(node, "Actual Rows")
    if loops is None or rows is None:
        return None
    last = _number(node, "Actual Total Time")
    return Actual(
        first=_number(node, "Actual Startup Time") or 0.0, last=last or 0.0, rows=rows, loops=int(loops),
        total=(last or 0.0) * max(loops, 1.0) * scale, timed=last is not None,
    )  # fmt: skip


def _measured(root: Node, execution: float | None) -> Node:
    """With each node's own time: its total without its children's; an init plan or CTE is taken from the node that reads it, where its time passes."""
    if root.actual is None:
        return root
    taken: dict[int, float] = {}
    for node, _ in walk(root):
        for child in node.children:
            spent = 0.0 if child.actual is None else child.actual.total
            reader = _reader(root, child) if child.title.startswith(("InitPlan", "CTE ")) else node
            taken[id(reader or node)] = taken.get(id(reader or node), 0.0) + spent
    whole = max(execution or 0.0, root.actual.total) or 1.0

    def finished(node: Node) -> Node:
        children = tuple(finished(child) for child in node.children)
        actual = node.actual
        if actual is not None and actual.timed:
            own = max(0.0, actual.total - taken.get(id(node), 0.0)) if actual.loops else 0.0
            actual = replace(actual, own=own, share=min(1.0, own / whole))
        return replace(node, children=children, actual=actual)

    return finished(root)


def _reader(root: Node, plan: Node) -> Node | None:
    """The node that runs an init plan or CTE: the first that names its value, or the CTE's scan that took longest."""
    inside = {id(node) for node, _ in walk(plan)}
    outside = [node for node, _ in walk(root) if id(node) not in inside and node.actual is not None and node.actual.loops]
    if plan.title.startswith("CTE "):
        name = plan.title.removeprefix("CTE ")
        scans = [node for node in outside if node.json.get("CTE Name") == name]
        return max(scans, key=lambda node: 0.0 if node.actual is None else node.actual.total, default=None)
    returned = _RETURNS.search(plan.title)
    names = set(_PARAMETER.findall(returned[1])) if returned else set()
    return next((node for node in outside if names & _parameters(node)), None)


def _parameters(node: Node) -> set[str]:
    return {name for _, value in node.properties for text in _texts(value) for name in _PARAMETER.findall(text)}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _numbered(node: Node, number: int = 1) -> tuple[Node, int]:
    """The tree with numbers, and the next free one."""
    following, children = number + 1, []
    for child in node.children:
        made, following = _numbered(child, following)
        children.append(made)
    return replace(node, number=number, children=tuple(children)), following
