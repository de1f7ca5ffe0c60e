"""Sequences as a session uses them: the next value, the last one it got, and who may."""

from __future__ import annotations

from auroraml.catalog.acl import has_privilege
from auroraml.errors import InsufficientPrivilege, NumericValueOutOfRange, ObjectNotInPrerequisiteState, ReadOnlySqlTransaction, WrongObjectType
from auroraml.ir.objects import Relation, SequenceDefinition
from auroraml.session.part import SessionPart
from auroraml.settings.core import TRANSACTION_READ_ONLY


class SequenceValues(SessionPart):
    """Methods of Session over sequences."""

    sequence_values: dict[int, int]  # currval, by sequence
    last_sequence: int

    def _sequence(self, relation: Relation, letters: str) -> SequenceDefinition:
        if relation.sequence is None:
            raise WrongObjectType(f'"{relation.name}" is not a sequence')
        if not any(has_privilege(self.catalog, self.role, relation, letter) for letter in letters):
            raise InsufficientPrivilege(f"permission denied for sequence {relation.name}")
        return relation.sequence

    def _changed(self, relation: Relation, function: str) -> None:
        if self.settings[TRANSACTION_READ_ONLY] and relation.persistence != "t":
            raise ReadOnlySqlTransaction(f"cannot execute {function}() in a read-only transaction")

    def nextval(self, relation: Relation) -> int:
        """The next value of a sequence."""
        s = self._sequence(relation, "Uw")
        self._changed(relation, "nextval")
        value: int = self.hub.store.sequences.next(
            relation.oid, start=s.start, increment=s.increment, minimum=s.minimum, maximum=s.maximum, cycle=s.cycle, name=relation.name
        )
        self.sequence_values[relation.oid] = value
        self.last_sequence = relation.oid
        return value

    def currval(self, relation: Relation) -> int:
        """The value this session got last; 55000 where it got none."""
        self._sequence(relation, "rU")
        if relation.oid not in self.sequence_values:
            raise ObjectNotInPrerequisiteState(f'currval of sequence "{relation.name}" is not yet defined in this session')
        return self.sequence_values[relation.oid]

    def lastval(self) -> int:
        """The value this session got last from any sequence; 55000."""
        if self.last_sequence not in self.sequence_values or self.catalog.find_relation_oid(self.last_sequence) is None:
            raise ObjectNotInPrerequisiteState("lastval is not yet defined in this session")
        return self.sequence_values[self.last_sequence]

    def setval(self, relation: Relation, value: int, called: bool) -> int:
        """Let the sequence go on from `value`."""
        s = self._sequence(relation, "w")
        self._changed(relation, "setval")
        if not s.minimum <= value <= s.maximum:
            raise NumericValueOutOfRange(f'setval: value {value} is out of bounds for sequence "{relation.name}" ({s.minimum}..{s.maximum})')
        self.hub.store.sequences.set(relation.oid, value, called)
        if called:
            self.sequence_values[relation.oid] = value
        return value

    def set_sequence(self, relation: Relation, value: int, called: bool) -> None:
        """ALTER SEQUENCE RESTART."""
        self.hub.store.sequences.set(relation.oid, value, called)

    def sequence_state(self, relation: Relation) -> tuple[int, bool]:
        """The last value, and whether it was given out."""
        assert relation.sequence is not None
        state: tuple[int, bool] = self.hub.store.sequences.state(relation.oid, relation.sequence.start)
        return state
