"""What plans read: the parameters set outside them, and whether running them twice, or for many loops at once, gives the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

from auroraml.dispatch import Choices
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.tree import children, walk

NOTHING: Final[frozenset[int]] = frozenset()
FIRST_OWN_OID = 16384  # objects below it are the same in every database


class Facts:
    """What a plan or expression reads and sets, the plans below it included; `volatile` is about a plan node's own expressions."""

    __slots__ = ("_free", "below", "ctes", "foreign", "made", "partial", "read", "row_by_row", "subqueries", "uneven", "volatile", "volatile_below")

    def __init__(self) -> None:
        self.read = self.made = self.ctes = NOTHING
        self.volatile = False
        self.volatile_below = False
        self.subqueries = False
        self.row_by_row = False
        self.partial = False  # several participants can run it at once, each getting a part of its rows
        self.foreign = False  # calls functions written in SQL, which may call anything
        self.uneven = False  # reads its inputs as far as needed, which differs from loop to loop
        self.below: list[p.PhysicalPlan] = []  # every plan node below, those of its subqueries too
        self._free: frozenset[int] | None = None

    @property
    def free(self) -> frozenset[int]:
        """What is read and not set; the facts are whole."""
        if self._free is None:
            self._free = self.read - self.made
        return self._free


_HELD: WeakKeyDictionary[p.PhysicalPlan, frozenset[int]] = WeakKeyDictionary()
_FACTS: WeakKeyDictionary[p.PhysicalPlan, Facts] = WeakKeyDictionary()


def facts_of(plan: p.PhysicalPlan) -> Facts:
    """The facts of a plan, found once in its life."""
    found = _FACTS.get(plan)
    if found is None:
        found = _FACTS[plan] = _node_facts(plan)
    return found


def own_parts(node: object) -> Iterator[object]:
    """An expression and what it is made of, without the plans of its subqueries."""
    yield node
    for child in children(node):
        if not isinstance(child, p.PhysicalPlan):
            yield from own_parts(child)


def _node_facts(node: p.PhysicalPlan) -> Facts:
    facts = Facts()
    below = {id(child) for child in node.children()}
    for part in children(node):
        if isinstance(part, p.PhysicalPlan) and id(part) in below:
            inner = facts_of(part)
            _add(facts, part, inner, inner.volatile_below)
            facts.partial = facts.partial or inner.partial
        else:
            _visit(part, facts)
    facts.partial = facts.partial or node.parallel_aware
    facts.volatile_below = facts.volatile_below or facts.volatile
    if isinstance(node, p.NestedLoop):
        facts.made |= {number for number, _ in node.params}
    elif isinstance(node, p.CteScan):
        facts.ctes |= {node.cte}
    elif isinstance(node, p.WorkTableScan):
        facts.read |= {-node.work_table}  # what a step reads changes like a parameter
    elif isinstance(node, p.RecursiveUnion):
        facts.made |= {-node.work_table}
    facts.row_by_row = facts.row_by_row or _alone(node)
    facts.uneven = facts.uneven or _uneven(node)
    return facts


def _alone(node: p.PhysicalPlan) -> bool:
    """Whether a node can only run for one loop at a time."""
    if isinstance(node, p.RecursiveUnion | p.WorkTableScan | p.LockRows | p.ModifyTable):
        return True
    if isinstance(node, p.Limit):
        return any(isinstance(x, e.ParamRef | e.SubPlan) for part in (node.count, node.offset) if part is not None for x in walk(part))
    return isinstance(node, p.Join) and node.kind in ("right", "full")


def _uneven(node: p.PhysicalPlan) -> bool:
    """Whether how far a node reads its inputs depends on what it finds in them."""
    if isinstance(node, p.NestedLoop):
        return not node.params or node.inner_unique or node.kind in ("semi", "anti")
    return isinstance(node, p.Limit | p.Join)


def _visit(item: object, facts: Facts) -> None:
    pending = [item]
    while pending:
        part = pending.pop()
        look = _LOOKS[part.__class__]
        if look is _look_below or (look is not None and look(part, facts)):
            pending += children(part)


def _look_at_plan(part: Any, facts: Facts) -> bool:
    inner = facts_of(part)
    _add(facts, part, inner, inner.volatile_below)
    facts.volatile = facts.volatile or inner.volatile_below
    return False


def _look_at_parameter(part: Any, facts: Facts) -> bool:
    if part.kind == "exec":
        facts.read |= {part.number}
    return False


def _look_at_subquery(part: Any, facts: Facts) -> bool:
    facts.subqueries = True
    facts.made |= {*part.outputs, *[number for number, _ in part.params]}
    return True


def _look_at_call(part: Any, facts: Facts) -> bool:
    function = part.function
    facts.volatile = facts.volatile or function.volatility == "v"
    facts.foreign = facts.foreign or (function.language == "sql" and function.oid >= FIRST_OWN_OID)
    return True


def _look_below(part: Any, facts: Facts) -> bool:
    return True


_CALLS = [cls for cls in vars(e).values() if isinstance(cls, type) and issubclass(cls, e.Expr) and "function" in cls.__annotations__]
# What to note of a part of a plan; it says whether to look below. None: nothing of what most parts are, which read nothing that is set elsewhere.
_BY_CLASS: dict[type, Callable[[Any, Facts], bool] | None] = {
    object: _look_below, **dict.fromkeys(_CALLS, _look_at_call), e.InputRef: None, e.Const: None, e.ParamRef: _look_at_parameter, e.SubPlan: _look_at_subquery,
    p.PhysicalPlan: _look_at_plan,
}  # fmt: skip
_LOOKS: Choices[Callable[[Any, Facts], bool] | None] = Choices(_BY_CLASS)


def _add(facts: Facts, plan: p.PhysicalPlan, inner: Facts, volatile: bool) -> None:
    facts.below.append(plan)
    facts.below += inner.below
    if inner.read or inner.made or inner.ctes:
        facts.read, facts.made, facts.ctes = facts.read | inner.read, facts.made | inner.made, facts.ctes | inner.ctes
    facts.volatile_below = facts.volatile_below or volatile
    facts.foreign = facts.foreign or inner.foreign
    facts.row_by_row = facts.row_by_row or inner.row_by_row
    facts.uneven = facts.uneven or inner.uneven


_DECLARED: WeakKeyDictionary[p.PhysicalPlan, tuple[e.SubPlan, ...]] = WeakKeyDictionary()


def declared(plan: p.PhysicalPlan) -> tuple[e.SubPlan, ...]:
    """The init plans and WITH queries of all nodes of a plan."""
    found = _DECLARED.get(plan)
    if found is None:
        found = _DECLARED[plan] = tuple([sub for node in (plan, *facts_of(plan).below) for sub in node.init_plans])
    return found


def held(plan: p.PhysicalPlan) -> frozenset[int]:
    """The tables that a statement changes and goes on reading after its first change: all its parts see them as they were before."""
    found = _HELD.get(plan)
    if found is None:
        nodes = (plan, *facts_of(plan).below)
        scanned = [node.relation.oid for node in nodes if isinstance(node, p.SeqScan)]
        changed = [(node.relation.oid, node.operation) for node in nodes if isinstance(node, p.ModifyTable)]
        again = {oid for oid, operation in changed if oid in scanned and (len(scanned) > 1 if operation == "Insert" else scanned.count(oid) > 1)}
        found = _HELD[plan] = frozenset(scanned if len(changed) > 1 or (changed and not isinstance(plan, p.ModifyTable)) else again)
    return found


def free_parameters(plan: p.PhysicalPlan, initial: Mapping[int, e.SubPlan], ctes: Mapping[int, e.SubPlan]) -> frozenset[int]:
    """The exec parameters that a plan reads and does not set; those of the init plans and WITH queries it reads included."""
    facts = facts_of(plan)
    if not facts.ctes and (not initial or facts.read.isdisjoint(initial)):
        return facts.free
    found = facts.read - facts.made
    for number in facts.read:
        if number in initial and number not in facts.made:
            found |= free_parameters(initial[number].plan, initial, ctes)
    for index in facts.ctes:
        if index in ctes:
            found |= free_parameters(ctes[index].plan, initial, ctes)
    return frozenset(found)


def is_volatile(node: p.PhysicalPlan) -> bool:
    """Whether a node's own expressions call a volatile function: it is never evaluated ahead or again."""
    return facts_of(node).volatile


def has_subqueries(node: p.PhysicalPlan) -> bool:
    """Whether a node's own expressions run subqueries (WITH queries and init plans included)."""
    return facts_of(node).subqueries


def any_volatile(plan: p.PhysicalPlan) -> bool:
    """Whether anything in a plan calls a volatile function."""
    return facts_of(plan).volatile_below


def is_partial(plan: p.PhysicalPlan) -> bool:
    """Whether several participants can run a plan at once, each getting a part of its rows."""
    return facts_of(plan).partial


def runs_set_wise(plan: p.PhysicalPlan, ctes: Mapping[int, e.SubPlan], initial: Mapping[int, e.SubPlan], measured: bool) -> bool:
    """Whether a plan with parameters can run for many loops at once (`measured`: and count what each of them would have)."""
    facts = facts_of(plan)
    if facts.row_by_row or facts.volatile_below or (measured and facts.uneven):
        return False
    return not any(index in ctes and free_parameters(ctes[index].plan, initial, ctes) for index in facts.ctes)
