"""IAM: role ARNs, policy documents as AWS writes them, and whether a policy allows an action on a resource."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from auroraml.records import dataclass

ROLE_ARN = re.compile(r"arn:(aws|aws-cn|aws-us-gov):iam::(\d{12}):role/((?:[\w+=,.@-]+/)*)([\w+=,.@-]{1,64})")
DOCUMENT = frozenset({"Version", "Id", "Statement"})
STATEMENT = frozenset({"Sid", "Effect", "Action", "Resource"})


@dataclass(frozen=True, kw_only=True)
class RoleArn:
    """A role's Amazon Resource Name, taken apart."""

    text: str
    partition: str
    account: str
    name: str  # without its path

    def session(self, name: str) -> str:
        """Who acts when a service has assumed the role: what AWS's refusals name."""
        return f"arn:{self.partition}:sts::{self.account}:assumed-role/{self.name}/{name}"


def role_arn(text: object) -> RoleArn:
    """The ARN in `text`; ValueError for what is none."""
    match = ROLE_ARN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is not the ARN of a role: arn:aws:iam::111122223333:role/NAME")
    return RoleArn(text=match[0], partition=match[1], account=match[2], name=match[4])


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a policy: patterns of actions and resources, and whether it allows or denies."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    allow: bool = True

    def covers(self, action: str, resource: str) -> bool:
        """Whether it speaks of the action (case does not matter) on the resource."""
        return any(_pattern(p.lower()).fullmatch(action.lower()) for p in self.actions) and any(
            _pattern(p).fullmatch(resource) for p in self.resources
        )


@dataclass(frozen=True)
class Policy:
    """A role's statements together: what none allows is denied, what one denies is denied whatever others say."""

    statements: tuple[Statement, ...] = ()

    def refusal(self, action: str, resource: str) -> str | None:
        """The end of AWS's sentence of refusal, None where the action is allowed."""
        allowed = False
        for statement in self.statements:
            if statement.covers(action, resource):
                if not statement.allow:
                    return "with an explicit deny in an identity-based policy"
                allowed = True
        return None if allowed else f"because no identity-based policy allows the {action} action"


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """A pattern in which * stands for any characters and ? for any one."""
    return re.compile("".join({"*": ".*", "?": "."}.get(c) or re.escape(c) for c in text), re.DOTALL)


def policy(document: object) -> Policy:
    """A policy from AWS's JSON document (or its list of statements) as Python values; ValueError for what is not understood."""
    if isinstance(document, Policy):
        return document
    if isinstance(document, Mapping):
        _known(document, DOCUMENT, "a policy")
        document = document.get("Statement", ())
    statements = [document] if isinstance(document, Mapping) else document
    if not isinstance(statements, Sequence) or isinstance(statements, str) or not statements:
        raise ValueError("a policy has one Statement or more")
    return Policy(tuple(_statement(statement) for statement in statements))


def _statement(table: object) -> Statement:
    if not isinstance(table, Mapping):
        raise ValueError(f"a statement is a table of Effect, Action and Resource, not {table!r}")  # noqa: TRY004 - as all that is wrong in a document
    _known(table, STATEMENT, "a statement")
    effect = table.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise ValueError(f"Effect is Allow or Deny, not {effect!r}")
    actions = _texts(table, "Action")
    for action in actions:
        if action != "*" and not re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9*?]+", action):
            raise ValueError(f"Action {action!r} is not written service:Operation")
    return Statement(actions=actions, resources=_texts(table, "Resource"), allow=effect == "Allow")


def _texts(table: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = table.get(key)
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, Sequence) or not values or not all(isinstance(item, str) for item in values):
        raise ValueError(f"{key} is a text or a list of texts")
    return tuple(values)


def _known(table: Mapping[str, object], keys: frozenset[str], what: str) -> None:
    strange = sorted(table.keys() - keys)
    if strange:
        raise ValueError(f"{strange[0]!r} of {what} is not supported; it may have {', '.join(sorted(keys))}")
