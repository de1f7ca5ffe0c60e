"""\\if, \\elif, \\else, \\endif."""

from __future__ import annotations

from auroraml_cli.conditions import Branch
from auroraml_cli.meta.registry import Call, Outcome, meta
from auroraml_cli.variables import parse_bool


def _expression(call: Call) -> bool:
    text = " ".join(call.arguments.rest())
    truth = parse_bool(text) if text else None
    if truth is None:
        call.shell.error(f'unrecognized value "{text}" for "\\{call.name} expression": Boolean expected')
        return False
    return truth


def _begin(call: Call, branch: Branch) -> None:
    call.shell.conditions.stack[-1].branch = branch


def _keep(call: Call) -> None:
    """Remember what the buffer holds at the end of a branch that ran."""
    entry = call.shell.conditions.stack[-1]
    entry.buffer, entry.depth = call.scanner.buffer, call.scanner.depth


def _discard(call: Call) -> None:
    """Forget what was typed in a branch that did not run."""
    entry = call.shell.conditions.stack[-1]
    call.scanner.buffer, call.scanner.depth = entry.buffer, entry.depth


@meta("if", branching=True)
def begin_if(call: Call) -> Outcome:
    """Open a block."""
    conditions = call.shell.conditions
    if not conditions.active:
        conditions.push(Branch.IGNORED, call.scanner.buffer, call.scanner.depth)
        call.arguments.rest()
        return Outcome.DONE
    conditions.push(Branch.FALSE, call.scanner.buffer, call.scanner.depth)
    if _expression(call):
        _begin(call, Branch.TRUE)
    return Outcome.DONE


@meta("elif", branching=True)
def else_if(call: Call) -> Outcome:
    """Another condition."""
    stack = call.shell.conditions.stack
    if not stack:
        call.shell.error("\\elif: no matching \\if")
        return Outcome.ERROR
    branch = stack[-1].branch
    if branch in (Branch.ELSE_TRUE, Branch.ELSE_FALSE):
        call.shell.error("\\elif: cannot occur after \\else")
        return Outcome.ERROR
    if branch is Branch.TRUE:
        _keep(call)
        _begin(call, Branch.IGNORED)
        call.arguments.active = False
        call.arguments.rest()
    elif branch is Branch.IGNORED:
        _discard(call)
        call.arguments.rest()
    else:
        _discard(call)
        call.arguments.active = True
        if _expression(call):
            _begin(call, Branch.TRUE)
    return Outcome.DONE


@meta("else", branching=True)
def otherwise(call: Call) -> Outcome:
    """The last branch."""
    stack = call.shell.conditions.stack
    if not stack:
        call.shell.error("\\else: no matching \\if")
        return Outcome.ERROR
    branch = stack[-1].branch
    if branch in (Branch.ELSE_TRUE, Branch.ELSE_FALSE):
        call.shell.error("\\else: cannot occur after \\else")
        return Outcome.ERROR
    if branch is Branch.TRUE:
        _keep(call)
    else:
        _discard(call)
    _begin(call, Branch.ELSE_TRUE if branch is Branch.FALSE else Branch.ELSE_FALSE)
    return Outcome.DONE


@meta("endif", branching=True)
def end_if(call: Call) -> Outcome:
    """Close the block."""
    conditions = call.shell.conditions
    if not conditions.stack:
        call.shell.error("\\endif: no matching \\if")
        return Outcome.ERROR
    if not conditions.active:
        _discard(call)
    conditions.pop()
    return Outcome.DONE
