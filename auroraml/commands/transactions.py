"""BEGIN, COMMIT, ROLLBACK, savepoints, SET TRANSACTION."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.cursors import drop_cursors
from auroraml.errors import FeatureNotSupported, NoActiveSqlTransaction
from auroraml.pipeline.result import ResultStream
from auroraml.settings.core import (
    DEFAULT_TRANSACTION_DEFERRABLE,
    DEFAULT_TRANSACTION_ISOLATION,
    DEFAULT_TRANSACTION_READ_ONLY,
    TRANSACTION_DEFERRABLE,
    TRANSACTION_ISOLATION,
    TRANSACTION_READ_ONLY,
)
from auroraml.sql import statements as st


def refuse_levels(modes: Sequence[str]) -> None:
    """0A000 for isolation levels above READ COMMITTED."""
    for mode in modes:
        level = " ".join(mode.lower().split()[2:])
        if level in ("repeatable read", "serializable"):
            raise FeatureNotSupported(f"transaction isolation level {level.upper()} is not supported")


def apply_modes(host: Host, modes: Sequence[str], session: bool = False) -> None:
    """Give the transaction (or later ones) its modes; only READ COMMITTED is served."""
    refuse_levels(modes)
    for mode in modes:
        words = mode.lower().split()
        if words[0] == "isolation":
            level = " ".join(words[2:])
            host.settings.put(DEFAULT_TRANSACTION_ISOLATION if session else TRANSACTION_ISOLATION, level, local=not session)
        elif words[0] == "read" and session:
            host.settings.put(DEFAULT_TRANSACTION_READ_ONLY, words[1] == "only")
        elif words[0] == "read":
            host.settings.set(TRANSACTION_READ_ONLY.name, "on" if words[1] == "only" else "off")
        elif session:
            host.settings.put(DEFAULT_TRANSACTION_DEFERRABLE, words[0] == "deferrable")
        else:
            host.settings.put(TRANSACTION_DEFERRABLE, words[0] == "deferrable", local=True)


@command(st.Begin)
def begin(statement: st.Begin, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """BEGIN, START TRANSACTION."""
    refuse_levels(statement.modes)
    apply_modes(host, statement.modes)  # a mode that is refused begins no block
    host.tell(host.block.begin())
    return done("START TRANSACTION" if statement.start_transaction else "BEGIN")


@command(st.Commit)
def commit(statement: st.Commit, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """COMMIT; a failed block is rolled back and says so."""
    return _end(host, "ROLLBACK" if host.block.status == "E" else "COMMIT", statement.chain)


@command(st.Rollback)
def rollback(statement: st.Rollback, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """ROLLBACK."""
    return _end(host, "ROLLBACK", statement.chain)


def _end(host: Host, tag: str, chain: bool) -> ResultStream:
    if chain:
        host.block.require_block(f"{tag} AND CHAIN")
    warned = None if host.block.end() else host.block.no_transaction()
    if tag == "COMMIT":
        host.commit()
    else:
        host.rollback()
    host.tell(warned)
    if chain:
        host.block.begin()
    return done(tag)


@command(st.Savepoint)
def savepoint(statement: st.Savepoint, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """SAVEPOINT."""
    host.block.savepoint(statement.name)
    host.transaction.savepoint()
    host.settings.push()
    return done("SAVEPOINT")


@command(st.Release)
def release(statement: st.Release, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """RELEASE SAVEPOINT: it and those after it become part of what is around them."""
    depth = host.block.find(statement.name, "RELEASE SAVEPOINT")
    host.transaction.release(depth)
    for cursor in host.cursors.values():
        cursor.depth = min(cursor.depth, depth - 1)
    while len(host.block.savepoints) >= depth:
        host.block.savepoints.pop()
        host.settings.release()
    return done("RELEASE")


@command(st.RollbackTo)
def rollback_to(statement: st.RollbackTo, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """ROLLBACK TO SAVEPOINT: undo what came after it; a failed block works again."""
    depth = host.block.find(statement.name, "ROLLBACK TO SAVEPOINT")
    drop_cursors(host.cursors, depth)
    host.transaction.rollback_to(depth)
    del host.block.savepoints[depth:]
    host.settings.rollback(depth)
    host.block.recover()
    return done("ROLLBACK")


@command(st.SetTransaction)
def set_transaction(statement: st.SetTransaction, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """SET TRANSACTION and SET SESSION CHARACTERISTICS."""
    if not statement.session and not host.block.in_block:
        host.notice("SET TRANSACTION can only be used in transaction blocks", severity="WARNING", sqlstate=NoActiveSqlTransaction.sqlstate)
    apply_modes(host, statement.modes, statement.session)
    return done("SET")
