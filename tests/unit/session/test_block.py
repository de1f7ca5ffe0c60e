"""Block: the transaction-block state machine."""

from __future__ import annotations

import pytest

from auroraml import errors
from auroraml.session.block import Block, State


def test_begin_fail_end() -> None:
    block = Block()
    assert block.begin() is None and block.status == "T"
    warned = block.begin()
    assert warned is not None and warned.message_primary == "there is already a transaction in progress"
    assert not block.fail() and block.status == "E"
    with pytest.raises(errors.InFailedSqlTransaction):
        block.refuse_when_failed()
    assert block.end() and block.status == "I"
    assert not block.end() and block.no_transaction().sqlstate == "25P01"


def test_savepoints_are_found_innermost_first() -> None:
    block = Block()
    with pytest.raises(errors.NoActiveSqlTransaction, match="SAVEPOINT can only be used in transaction blocks"):
        block.savepoint("a")
    block.begin()
    assert [block.savepoint(name) for name in "aba"] == [1, 2, 3]
    assert (block.find("a", "RELEASE SAVEPOINT"), block.find("b", "RELEASE SAVEPOINT")) == (3, 2)
    with pytest.raises(errors.InvalidSavepointSpecification, match='savepoint "c" does not exist'):
        block.find("c", "RELEASE SAVEPOINT")


def test_a_failure_outside_a_block_ends_the_transaction() -> None:
    assert Block(state=State.IMPLICIT).fail()
