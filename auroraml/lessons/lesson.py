"""Lesson: what a text holds: steps of prose, SQL and questions, and the services the SQL calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from auroraml.records import dataclass


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of a step."""


@dataclass(frozen=True, kw_only=True)
class Prose(Part):
    """Markdown. `{{query}}` stands for the one value that a query over the runs gives."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Code(Part):
    """Statements that are run and shown; `run` names them for later questions, `quiet` leaves their rows and tags out."""

    sql: str
    run: str = ""
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class Question(Part):
    """What is asked, hints in the order they are given, and what is said once it is answered."""

    ask: str
    hints: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Number(Question):
    """Asks for a number, which a query over the runs gives; `within`: by how much of it an answer may be off."""

    answer: str
    within: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Option:
    """One of a choice's texts, and the query over the runs that says whether it is right."""

    text: str
    when: str


@dataclass(frozen=True, kw_only=True)
class Choice(Question):
    """Asks for the one option that is right."""

    options: tuple[Option, ...]


@dataclass(frozen=True, kw_only=True)
class Check:
    """A condition on what the learner's SQL did, and what is said where it does not hold.

    `that` is a query over the runs, the learner's being the latest; or with `inside` over the lesson's own database.
    """

    that: str
    otherwise: str
    inside: bool = False


@dataclass(frozen=True, kw_only=True)
class Task(Question):
    """Asks for SQL: whatever passes the checks is right. `wrong` has answers that must not, for the tests."""

    solution: str
    checks: tuple[Check, ...]
    wrong: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Step:
    """A titled stretch of a lesson."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A whole lesson; `services` are the tables of a configuration file (services/config.py)."""

    number: int
    name: str
    title: str
    summary: str
    steps: tuple[Step, ...]
    services: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def questions(self) -> tuple[Question, ...]:
        """All of its questions in order."""
        return tuple(part for step in self.steps for part in step.parts if isinstance(part, Question))
