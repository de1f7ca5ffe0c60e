"""Advisory locks: pg_advisory_lock and its kin (lockfuncs.c)."""

from __future__ import annotations

from auroraml.functions.signature import CallContext, scalar
from auroraml.storage.locks import ADVISORY, EXCLUSIVE, SHARE, Locks, Tag

LOW = 0xFFFFFFFF


def _tag(ctx: CallContext, keys: tuple[int, ...]) -> Tag:
    """One number of 64 bits, or two of 32, as pg_locks shows them."""
    first, second = keys if len(keys) == 2 else (keys[0] >> 32, keys[0])
    return Tag(kind=ADVISORY, first=first & LOW, second=second & LOW, which=len(keys), instance=ctx.host.instance)


def _locks(ctx: CallContext) -> Locks:
    return ctx.host.hub.store.locks  # type: ignore[no-any-return] # the session


def _lock(ctx: CallContext, keys: tuple[int, ...], mode: int, *, wait: bool = True) -> bool:
    """Take a lock for the session."""
    tag, locks = _tag(ctx, keys), _locks(ctx)
    if not locks.acquire(tag, mode, ctx.host, ctx.host.transaction.stored, ctx.check_cancel, wait=wait):
        return False
    locks.keep(tag, mode, ctx.host)
    return True


def _hold(ctx: CallContext, keys: tuple[int, ...], mode: int, *, wait: bool = True) -> bool:
    """Take a lock for the transaction."""
    tag, locks, transaction = _tag(ctx, keys), _locks(ctx), ctx.host.transaction.stored
    if not locks.acquire(tag, mode, ctx.host, transaction, ctx.check_cancel, wait=wait):
        return False
    locks.until_end(tag, mode, ctx.host, transaction)
    return True


def _unlock(ctx: CallContext, keys: tuple[int, ...], mode: int) -> bool:
    """Give a lock of the session back; a warning where it has none."""
    found = _locks(ctx).leave(_tag(ctx, keys), mode, ctx.host)
    if not found:
        ctx.host.notice(f"you don't own a lock of type {Locks.mode_name(mode)}", severity="WARNING", sqlstate="01000")
    return found


@scalar("pg_advisory_lock(int8)", "pg_advisory_lock(int4,int4)", face="datum", context=True)
def pg_advisory_lock(ctx: CallContext, *keys: int) -> str:
    """Wait for the session's exclusive lock."""
    _lock(ctx, keys, EXCLUSIVE)
    return ""


@scalar("pg_advisory_lock_shared(int8)", "pg_advisory_lock_shared(int4,int4)", face="datum", context=True)
def pg_advisory_lock_shared(ctx: CallContext, *keys: int) -> str:
    """Wait for the session's shared lock."""
    _lock(ctx, keys, SHARE)
    return ""


@scalar("pg_try_advisory_lock(int8)", "pg_try_advisory_lock(int4,int4)", face="datum", context=True)
def pg_try_advisory_lock(ctx: CallContext, *keys: int) -> bool:
    """The session's exclusive lock, if nobody is in the way."""
    return _lock(ctx, keys, EXCLUSIVE, wait=False)


@scalar("pg_try_advisory_lock_shared(int8)", "pg_try_advisory_lock_shared(int4,int4)", face="datum", context=True)
def pg_try_advisory_lock_shared(ctx: CallContext, *keys: int) -> bool:
    """The session's shared lock, if nobody is in the way."""
    return _lock(ctx, keys, SHARE, wait=False)


@scalar("pg_advisory_xact_lock(int8)", "pg_advisory_xact_lock(int4,int4)", face="datum", context=True)
def pg_advisory_xact_lock(ctx: CallContext, *keys: int) -> str:
    """Wait for the transaction's exclusive lock."""
    _hold(ctx, keys, EXCLUSIVE)
    return ""


@scalar("pg_advisory_xact_lock_shared(int8)", "pg_advisory_xact_lock_shared(int4,int4)", face="datum", context=True)
def pg_advisory_xact_lock_shared(ctx: CallContext, *keys: int) -> str:
    """Wait for the transaction's shared lock."""
    _hold(ctx, keys, SHARE)
    return ""


@scalar("pg_try_advisory_xact_lock(int8)", "pg_try_advisory_xact_lock(int4,int4)", face="datum", context=True)
def pg_try_advisory_xact_lock(ctx: CallContext, *keys: int) -> bool:
    """The transaction's exclusive lock, if nobody is in the way."""
    return _hold(ctx, keys, EXCLUSIVE, wait=False)


@scalar("pg_try_advisory_xact_lock_shared(int8)", "pg_try_advisory_xact_lock_shared(int4,int4)", face="datum", context=True)
def pg_try_advisory_xact_lock_shared(ctx: CallContext, *keys: int) -> bool:
    """The transaction's shared lock, if nobody is in the way."""
    return _hold(ctx, keys, SHARE, wait=False)


@scalar("pg_advisory_unlock(int8)", "pg_advisory_unlock(int4,int4)", face="datum", context=True)
def pg_advisory_unlock(ctx: CallContext, *keys: int) -> bool:
    """Give the session's exclusive lock back."""
    return _unlock(ctx, keys, EXCLUSIVE)


@scalar("pg_advisory_unlock_shared(int8)", "pg_advisory_unlock_shared(int4,int4)", face="datum", context=True)
def pg_advisory_unlock_shared(ctx: CallContext, *keys: int) -> bool:
    """Give the session's shared lock back."""
    return _unlock(ctx, keys, SHARE)


@scalar("pg_advisory_unlock_all()", face="datum", context=True)
def pg_advisory_unlock_all(ctx: CallContext) -> str:
    """Give back all locks of the session."""
    _locks(ctx).leave_all(ctx.host)
    return ""
