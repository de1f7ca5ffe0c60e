"""ALTER TABLE and its kin: finding the object, then one action after another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.tables import put_relation
from auroraml.errors import FeatureNotSupported, UndefinedTable, WrongObjectType
from auroraml.ir.objects import Relation
from auroraml.pipeline.result import ResultStream
from auroraml.records import dataclass
from auroraml.sql import statements as st

KINDS = {"table": "r", "view": "v", "materialized view": "m", "sequence": "S", "type": "c"}
PLURALS = {"v": "views", "m": "materialized views", "S": "sequences", "c": "composite types", "i": "indexes"}


@dataclass(kw_only=True)
class Alteration:
    """A table on its way through the actions of one ALTER; each replaces `relation` and stores what it changes."""

    relation: Relation
    host: Host

    def put(self, **changes: object) -> None:
        """Replace fields of the relation and store it with its row type."""
        self.relation = replace(self.relation, **changes)  # type: ignore[arg-type] # by name, as dataclasses.replace
        put_relation(self.host, self.relation)


Action = Callable[[Alteration, st.AlterAction], None]
ACTIONS: dict[str, tuple[Action, str]] = {}  # by AlterAction.kind: what it does, and the kinds of relation it may be done to


def action(kind: str, relations: str = "r") -> Callable[[Action], Action]:
    """Register an action of ALTER TABLE for relations of these kinds."""

    def register(function: Action) -> Action:
        ACTIONS[kind] = (function, relations)
        return function

    return register


WORDS = {
    "alter constraint": "ALTER CONSTRAINT", "validate constraint": "VALIDATE CONSTRAINT",
    "add column": "ADD COLUMN", "drop column": "DROP COLUMN", "set default": "ALTER COLUMN ... SET DEFAULT",
    "drop default": "ALTER COLUMN ... SET DEFAULT", "set not null": "ALTER COLUMN ... SET NOT NULL",
    "drop not null": "ALTER COLUMN ... DROP NOT NULL", "type": "ALTER COLUMN ... SET DATA TYPE", "add constraint": "ADD CONSTRAINT",
    "drop constraint": "DROP CONSTRAINT",  "set options": "SET", "reset options": "RESET", "set statistics": "ALTER COLUMN ... SET STATISTICS",
    "set column options": "ALTER COLUMN ... SET", "reset column options": "ALTER COLUMN ... RESET",
}  # fmt: skip


def find(statement: st.AlterTable, host: Host) -> Relation | None:
    """The relation to alter; None where it is missing and IF EXISTS was said."""
    try:
        found = host.relation(statement.name)
    except UndefinedTable as error:
        if not statement.if_exists:
            raise
        host.notice(f"{error}, skipping")
        return None
    wanted = KINDS[statement.object]
    renaming = all(a.kind in ("rename", "owner", "set schema") for a in statement.actions)
    if found.kind != wanted and not (wanted == "r" and (renaming or found.kind in "rvmS")):
        article = "an" if statement.object[0] in "aeiou" else "a"
        raise WrongObjectType(f'"{found.name}" is not {article} {statement.object}')
    if found.kind == "c" and wanted == "r":
        raise WrongObjectType(f'"{found.name}" is a composite type', hint="Use ALTER TYPE instead.")
    return found


@command(st.AlterTable)
def alter(statement: st.AlterTable, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """ALTER object name action, ..."""
    tag = done(f"ALTER {statement.object.upper()}")
    refused = next((a for a in statement.actions if a.kind == "refused"), None)
    if refused is not None:
        raise FeatureNotSupported(f"{refused.name} is not supported", at=refused.at)
    special = OTHERS.get(statement.object)
    if special is not None:
        special(statement, host)
        return tag
    relation = find(statement, host)
    if relation is None:
        return tag
    host.require_owner(relation, KIND_WORDS.get(relation.kind, "table"))
    host.refuse_pending(relation, f"ALTER {statement.object.upper()}")
    work = Alteration(relation=relation, host=host)
    for item in statement.actions:
        found = ACTIONS.get(item.kind)
        if found is None:
            raise FeatureNotSupported(f"ALTER {statement.object.upper()} ... {item.kind.upper()} is not supported", at=item.at)
        perform, kinds = found
        if work.relation.kind not in kinds:
            plural = PLURALS.get(work.relation.kind, "tables")
            raise WrongObjectType(f'ALTER action {WORDS.get(item.kind, item.kind.upper())} cannot be performed on relation "{work.relation.name}"',
                                  detail=f"This operation is not supported for {plural}.")  # fmt: skip
        perform(work, item)
    return tag


KIND_WORDS = {"r": "table", "v": "view", "m": "materialized view", "S": "sequence", "c": "type"}
OTHERS: dict[str, Callable[[st.AlterTable, Host], None]] = {}  # objects that are no relations, by their word


def other(word: str) -> Callable[[Callable[[st.AlterTable, Host], None]], Callable[[st.AlterTable, Host], None]]:
    """Register ALTER for a kind of object that is no table-like relation."""

    def register(function: Callable[[st.AlterTable, Host], None]) -> Callable[[st.AlterTable, Host], None]:
        OTHERS[word] = function
        return function

    return register
