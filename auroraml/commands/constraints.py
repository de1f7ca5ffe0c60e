"""ALTER TABLE ADD, DROP and RENAME CONSTRAINT."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from auroraml.catalog.depends import Dependent, Part
from auroraml.commands.altering import Alteration, action
from auroraml.commands.definitions import Draft, add_constraint, refuse_repeated, unplaced
from auroraml.commands.dropping import drop_all, shown
from auroraml.commands.index_builds import note_builds
from auroraml.commands.validation import obeyed, validate
from auroraml.errors import DuplicateObject, UndefinedObject, WrongObjectType
from auroraml.ir.deparse import quote_identifier
from auroraml.ir.objects import Constraint, Relation
from auroraml.sql import statements as st


@action("add constraint")
def add(work: Alteration, item: st.AlterAction) -> None:
    """ADD CONSTRAINT, after a look at the rows."""
    assert item.constraint is not None
    before = work.relation
    draft = Draft(relation=before, host=work.host, altering=True)
    refuse_repeated(item.constraint)
    with unplaced():
        add_constraint(draft, item.constraint)
    validate(draft.relation, before, work.host)
    work.relation = draft.relation
    work.put()
    note_builds(draft.relation, before, work.host)


def _users(relation: Relation, constraint: Constraint, work: Alteration) -> Iterator[Dependent]:
    """Foreign keys that need the unique key."""
    for other in work.host.catalog.relations():
        for key in other.constraints:
            if key.kind == "f" and key.foreign == relation.oid and sorted(key.foreign_columns) == sorted(constraint.columns):
                yield Part(relation=other, constraint=key)


@action("drop constraint")
def drop(work: Alteration, item: st.AlterAction) -> None:
    """DROP CONSTRAINT, with the index behind it."""
    relation = work.relation
    found = next((c for c in relation.constraints if c.name == item.name), None)
    if found is None:
        message = f'constraint "{item.name}" of relation "{relation.name}" does not exist'
        if not item.if_exists:
            raise UndefinedObject(message)
        work.host.notice(f"{message}, skipping")
        return
    if found.kind in "pu":
        subject = f"constraint {quote_identifier(found.name)} on {shown(relation, work.host)}"
        drop_all(work.host, subject, list(_users(relation, found, work)), item.cascade)
        relation = work.relation = work.host.catalog.relation(relation.oid)
    work.put(
        constraints=tuple(c for c in relation.constraints if c.oid != found.oid),
        indexes=tuple(i for i in relation.indexes if found.kind not in "pu" or i.oid != found.index),
    )


@action("rename constraint")
def rename(work: Alteration, item: st.AlterAction) -> None:
    """RENAME CONSTRAINT, and the index behind it."""
    relation = work.relation
    found = next((c for c in relation.constraints if c.name == item.name), None)
    if found is None:
        raise UndefinedObject(f'constraint "{item.name}" for table "{relation.name}" does not exist')
    if any(c.name == item.new_name for c in relation.constraints):
        raise DuplicateObject(f'constraint "{item.new_name}" for relation "{relation.name}" already exists')
    work.put(
        constraints=tuple(replace(c, name=item.new_name) if c.oid == found.oid else c for c in relation.constraints),
        indexes=tuple(replace(i, name=item.new_name) if found.kind in "pu" and i.oid == found.index else i for i in relation.indexes),
    )


def _named(relation: Relation, name: str) -> Constraint:
    found = next((c for c in relation.constraints if c.name == name), None)
    if found is None:
        raise UndefinedObject(f'constraint "{name}" of relation "{relation.name}" does not exist')
    return found


def _put(work: Alteration, changed: Constraint) -> None:
    work.put(constraints=tuple(changed if c.oid == changed.oid else c for c in work.relation.constraints))


@action("validate constraint")
def look(work: Alteration, item: st.AlterAction) -> None:
    """VALIDATE CONSTRAINT: the rows that were there before the constraint are looked at now."""
    found = _named(work.relation, item.name)
    if found.kind not in "cf":
        raise WrongObjectType(f'constraint "{item.name}" of relation "{work.relation.name}" is not a foreign key or check constraint')
    if not found.valid:
        obeyed(work.relation, found, work.host)
        _put(work, replace(found, valid=True))


@action("alter constraint")
def alter(work: Alteration, item: st.AlterAction) -> None:
    """ALTER CONSTRAINT: when a foreign key is checked."""
    found = _named(work.relation, item.name)
    assert item.constraint is not None
    if found.kind != "f":
        raise WrongObjectType(f'constraint "{item.name}" of relation "{work.relation.name}" is not a foreign key constraint')
    _put(work, replace(found, deferrable=item.constraint.deferrable, deferred=item.constraint.deferred))
