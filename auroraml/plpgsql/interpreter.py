"""Running a body: statements one after the other, each by its class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auroraml.batch import from_datums
from auroraml.errors import (
    AssertFailure,
    CaseNotFound,
    DatabaseError,
    DatatypeMismatch,
    InvalidParameterValue,
    NullValueNotAllowed,
)
from auroraml.plpgsql import tree
from auroraml.plpgsql.activation import Activation, add_context
from auroraml.plpgsql.assigning import assign, assign_expression, put_scalar
from auroraml.plpgsql.conditions import matches
from auroraml.plpgsql.expressions import evaluate
from auroraml.plpgsql.values import Row, is_null
from auroraml.plpgsql.variables import Scalar, Variable
from auroraml.types.pg_type import PgArray, Rep
from auroraml.types.table import BOOL, INT4, TEXT
from auroraml.types.text import datum_out

GO_ON, EXIT, AGAIN, RETURN = range(4)  # how a statement ends
STATEMENT = 8e-6  # seconds of a statement in virtual time, beside the SQL in it
Runner = Callable[[Activation, Any], int]
RUNNERS: dict[type, Runner] = {}
BLOCK_START = "during statement block entry"
INITIALIZATION = "during statement block local variable initialization"


def runs(*classes: type) -> Callable[[Runner], Runner]:
    """Register what runs statements of `classes`."""

    def register(runner: Runner) -> Runner:
        RUNNERS.update(dict.fromkeys(classes, runner))
        return runner

    return register


def run_body(act: Activation, body: tree.Body) -> int:
    """Statements in order, until one leaves."""
    outer = act.node
    ctx = act.ctx
    for node in body:
        act.node = node
        ctx.check_cancel()
        if ctx.pace is not None:
            ctx.clock.spend(STATEMENT)
        ended = RUNNERS[node.__class__](act, node)
        if ended:
            act.node = outer
            return ended
    act.node = outer
    return GO_ON


def truth_of(act: Activation, sql: tree.Sql) -> bool | None:
    """The value of a condition."""
    value, _ = evaluate(act, sql, (BOOL, -1))
    return value.datum(0)  # type: ignore[return-value] # a boolean's


# Blocks


@runs(tree.Block)
def run_block(act: Activation, node: tree.Block) -> int:
    """DECLARE, BEGIN, EXCEPTION, END; EXIT of the block's own label ends it."""
    for variable in node.variables:
        _initialize(act, variable)
    act.phase = None
    ended = run_body(act, node.body) if not node.handlers else _guarded(act, node)
    if ended == EXIT and act.left is not None and act.left == node.name:
        act.left = None
        return GO_ON
    return ended


def _initialize(act: Activation, variable: Variable) -> None:
    act.phase, act.line = INITIALIZATION, variable.line
    act.begin(variable)
    if variable.default is not None:
        assign_expression(act, variable, variable.default)
    act.phase = None


def _guarded(act: Activation, node: tree.Block) -> int:
    """A block with handlers: its work is undone before one of them runs."""
    act.settle()
    outer = act.failure
    try:
        with act.host.subtransaction():
            return run_body(act, node.body)
    except DatabaseError as error:
        diag = error.diag
        handler = next((h for h in node.handlers if matches(diag.sqlstate or "", h.states)), None)
        if handler is None:
            raise
        if error is not act.told:
            add_context(diag, act.where())
        act.ctx.catalog = act.host.catalog
        act.phase = None
        act.failure = diag
        assert node.state is not None and node.message is not None
        act.cells[node.state.number] = from_datums(TEXT, [diag.sqlstate])
        act.cells[node.message.number] = from_datums(TEXT, [diag.message_primary])
    act.node = node
    try:
        return run_body(act, handler.body)
    finally:
        act.failure = outer


# Assignments and conditions


@runs(tree.Assign)
def run_assign(act: Activation, node: tree.Assign) -> int:
    """target := expression."""
    assign_expression(act, node.target, node.value)
    return GO_ON


@runs(tree.If)
def run_if(act: Activation, node: tree.If) -> int:
    """IF."""
    for condition, body in node.branches:
        if truth_of(act, condition):
            return run_body(act, body)
    return run_body(act, node.otherwise)


@runs(tree.Choose)
def run_case(act: Activation, node: tree.Choose) -> int:
    """CASE; 20000 where no branch fits and there is no ELSE."""
    if node.operand is not None:
        assert node.variable is not None
        value, type = evaluate(act, node.operand)
        if node.variable.type.oid != type.oid:
            node.variable.type = type
            for condition, _ in node.branches:
                act.function.prepared.pop(condition, None)
        act.cells[node.variable.number] = value
    for condition, body in node.branches:
        if truth_of(act, condition):
            return run_body(act, body)
    if node.otherwise is None:
        raise CaseNotFound("case not found", hint="CASE statement is missing ELSE part.")
    return run_body(act, node.otherwise)


@runs(tree.Nothing)
def run_nothing(act: Activation, node: tree.Nothing) -> int:
    """NULL."""
    return GO_ON


@runs(tree.Assert)
def run_assert(act: Activation, node: tree.Assert) -> int:
    """ASSERT."""
    if not truth_of(act, node.condition):
        text = None
        if node.message is not None:
            value, type = evaluate(act, node.message)
            text = None if is_null(value) else datum_out(type, value.datum(0), act.host.style)
        raise AssertFailure("assertion failed" if text is None else text)
    return GO_ON


# Loops


def _after_round(act: Activation, name: str | None, ended: int) -> int | None:
    """What a round's end means for the loop called `name`: None to go on, else how the loop ends (LOOP_RC_PROCESSING)."""
    act.ctx.check_cancel()
    if ended == GO_ON:
        return None
    if ended == RETURN:
        return RETURN
    if act.left is None or act.left == name:
        act.left = None
        return None if ended == AGAIN else GO_ON
    return ended


@runs(tree.Loop)
def run_loop(act: Activation, node: tree.Loop) -> int:
    """LOOP."""
    while True:
        done = _after_round(act, node.name, run_body(act, node.body))
        if done is not None:
            return done


@runs(tree.While)
def run_while(act: Activation, node: tree.While) -> int:
    """WHILE."""
    while truth_of(act, node.condition):
        done = _after_round(act, node.name, run_body(act, node.body))
        if done is not None:
            return done
    return GO_ON


def _bound(act: Activation, sql: tree.Sql, what: str) -> int:
    value, _ = evaluate(act, sql, (INT4, -1))
    found = value.datum(0)
    if found is None:
        raise NullValueNotAllowed(f"{what} of FOR loop cannot be null")
    return int(found)  # type: ignore[call-overload,no-any-return] # an integer's datum


@runs(tree.Count)
def run_count(act: Activation, node: tree.Count) -> int:
    """FOR over whole numbers; FOUND says whether there was a round."""
    low, high = _bound(act, node.first, "lower bound"), _bound(act, node.last, "upper bound")
    step = 1
    if node.step is not None:
        step = _bound(act, node.step, "BY value")
        if step <= 0:
            raise InvalidParameterValue("BY value of FOR loop must be greater than zero")
    numbers = range(low, high - 1, -step) if node.reverse else range(low, high + 1, step)
    ended: int | None = None
    for number in numbers:
        act.cells[node.variable.number] = from_datums(INT4, [number])
        ended = _after_round(act, node.name, run_body(act, node.body))
        if ended is not None:
            break
    set_found(act, len(numbers) > 0)
    return GO_ON if ended is None else ended


def over_rounds(act: Activation, name: str | None, n: int, begin: Callable[[int], None], body: tree.Body) -> int:
    """A loop of `n` rounds, `begin` called before each; FOUND says whether there was one."""
    ended: int | None = None
    for number in range(n):
        begin(number)
        ended = _after_round(act, name, run_body(act, body))
        if ended is not None:
            break
    set_found(act, n > 0)
    return GO_ON if ended is None else ended


@runs(tree.Elements)
def run_elements(act: Activation, node: tree.Elements) -> int:
    """FOREACH over an array's elements."""
    value, type = evaluate(act, node.array)
    if is_null(value):
        raise NullValueNotAllowed("FOREACH expression must not be null")
    if not type.is_array:
        raise DatatypeMismatch(f"FOREACH expression must yield an array, not type {type.name}")
    element = act.host.catalog.type(type.element)
    array = value.datum(0)
    assert isinstance(array, PgArray)

    def begin(number: int) -> None:
        assign(act, node.target, from_datums(element, [array.elements[number]]), (element, -1))

    return over_rounds(act, node.name, len(array.elements), begin, node.body)


@runs(tree.Leave)
def run_leave(act: Activation, node: tree.Leave) -> int:
    """EXIT and CONTINUE."""
    if node.condition is not None and not truth_of(act, node.condition):
        return GO_ON
    act.left = node.name
    return AGAIN if node.again else EXIT


@runs(tree.Return)
def run_return(act: Activation, node: tree.Return) -> int:
    """RETURN."""
    if node.variable is not None:
        row = act.cells[node.variable.number]
        act.result = row
        act.result_type = row.shape.type if isinstance(row, Row) else None
    elif node.value is not None:
        value, type = evaluate(act, node.value)
        if act.function.new is not None and type.rep is not Rep.STRUCT and not is_null(value):
            raise DatatypeMismatch("cannot return non-composite value from function returning composite type")
        act.result, act.result_type = value, type
    return RETURN


def set_found(act: Activation, found: bool) -> None:
    """FOUND."""
    act.cells[act.function.found.number] = from_datums(BOOL, [found])


def put_text(act: Activation, target: tree.Target, text: str | None) -> None:
    """A text to a target."""
    if isinstance(target, Scalar) and target.type.oid == TEXT.oid:
        put_scalar(act, target, from_datums(TEXT, [text]))
    else:
        assign(act, target, from_datums(TEXT, [text]), (TEXT, -1))
