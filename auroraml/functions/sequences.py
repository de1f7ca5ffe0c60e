"""nextval, currval, setval, lastval."""

from __future__ import annotations

from auroraml.functions.signature import CallContext, scalar


@scalar("nextval(regclass)", face="datum", context=True)
def nextval(ctx: CallContext, sequence: int) -> int:
    """The sequence's next value."""
    return ctx.host.nextval(ctx.catalog.relation(sequence))  # type: ignore[no-any-return] # the session


@scalar("currval(regclass)", face="datum", context=True)
def currval(ctx: CallContext, sequence: int) -> int:
    """The value this session got last from a sequence."""
    return ctx.host.currval(ctx.catalog.relation(sequence))  # type: ignore[no-any-return] # the session


@scalar("lastval()", face="datum", context=True)
def lastval(ctx: CallContext) -> int:
    """The value this session got last from any sequence."""
    return ctx.host.lastval()  # type: ignore[no-any-return] # the session


@scalar("setval(regclass,int8)", face="datum", context=True)
def setval(ctx: CallContext, sequence: int, value: int) -> int:
    """The sequence goes on after `value`."""
    return ctx.host.setval(ctx.catalog.relation(sequence), value, True)  # type: ignore[no-any-return] # the session


@scalar("setval(regclass,int8,bool)", face="datum", context=True)
def setval_called(ctx: CallContext, sequence: int, value: int, called: bool) -> int:
    """The sequence goes on after `value`, or with it where it was not `called`."""
    return ctx.host.setval(ctx.catalog.relation(sequence), value, called)  # type: ignore[no-any-return] # the session
