"""Player: a lesson under way: its database, its SQL run, its sentences filled in, and replies to its questions judged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import singledispatchmethod

from auroraml.dbapi.connection import Connection
from auroraml.dbapi.database import Database
from auroraml.errors import DatabaseError
from auroraml.lessons.evidence import Evidence
from auroraml.lessons.lesson import Choice, Code, Lesson, Number, Question, Task
from auroraml.notebook.statements import Answer, run, run_one
from auroraml.records import dataclass

DATABASE = "lesson"
FILLED = re.compile(r"\{\{(.+?)\}\}", re.S)
ONE = re.compile(r"\b1 ([a-z]+?)(?:(?<=ch)es|s)\b")  # thing
LETTERS = "abcdefghij"
ATTEMPT = "answer"  # what a learner's own SQL is called among the runs


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a reply is right; if not, what is wrong with it. `answers`: what the reply's SQL did."""

    right: bool
    message: str = ""
    answers: tuple[Answer, ...] = ()


class Player:
    """One run through a lesson, front to back."""

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self._open()

    def _open(self) -> None:
        services: dict[str, Mapping[str, object]] = dict(self.lesson.services)
        self.database = Database(**services)  # type: ignore[arg-type] # the reader lets through tables of make_services only
        self.database.create_database(DATABASE, "postgres")
        self.connection: Connection = self.database.connect(dbname=DATABASE, autocommit=True)
        self.evidence = Evidence()

    def begin_again(self) -> None:
        """Be at the lesson's beginning, with nothing run."""
        self.close()
        self._open()

    def close(self) -> None:
        """End both databases."""
        self.evidence.close()
        self.connection.close()
        self.database.close()

    def __enter__(self) -> Player:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, code: Code) -> list[Answer]:
        """Run a piece of the lesson's SQL and keep what it did."""
        answers = list(run(self.connection, code.sql))
        self.evidence.add(code.run, answers)
        return answers

    def try_out(self, sql: str) -> list[Answer]:
        """Run what a learner wants to see, without a trace in the lesson's questions."""
        return list(run(self.connection, sql))

    def filled(self, text: str) -> str:
        """Prose with its queries answered."""
        return FILLED.sub(lambda match: self.evidence.text(match[1]), text)

    @singledispatchmethod
    def answer(self, question: Question) -> str:
        """The right reply, found out from the runs."""
        raise TypeError(question)

    @answer.register
    def _(self, question: Number) -> str:
        text = self.evidence.text(question.answer)
        return text.rstrip("0").rstrip(".") if re.fullmatch(r"-?\d+\.\d+", text) else text

    @answer.register
    def _(self, question: Choice) -> str:
        right = [LETTERS[i] for i, option in enumerate(question.options) if self.evidence.value(option.when) is True]
        if len(right) != 1:
            raise LookupError(f"{len(right)} options are right: {question.ask}")
        return right[0]

    @answer.register
    def _(self, question: Task) -> str:
        return question.solution

    @singledispatchmethod
    def judge(self, question: Question, reply: str) -> Verdict:
        """Judge a reply."""
        raise TypeError(question)

    @judge.register
    def _(self, question: Number, reply: str) -> Verdict:
        given = number_in(reply)
        if given is None:
            return Verdict(right=False, message="That is not a number.")
        wanted = Decimal(str(self.evidence.value(question.answer)))
        if abs(given - wanted) <= abs(wanted) * Decimal(str(question.within)):
            return Verdict(right=True)
        return Verdict(right=False, message=f"It is {'more' if wanted > given else 'less'} than {reply.strip()}.")

    @judge.register
    def _(self, question: Choice, reply: str) -> Verdict:
        letter = reply.strip().lower().rstrip(".)")
        if letter.isdecimal() and 1 <= int(letter) <= len(question.options):
            letter = LETTERS[int(letter) - 1]
        if len(letter) != 1 or letter not in LETTERS[: len(question.options)]:
            return Verdict(right=False, message=f"Answer with a letter from a to {LETTERS[len(question.options) - 1]}.")
        return Verdict(right=True) if letter == self.answer(question) else Verdict(right=False, message="No.")

    @judge.register
    def _(self, question: Task, reply: str) -> Verdict:
        """The SQL is run in a transaction, which stays only if the checks hold."""
        before = len(self.evidence.answers)
        run_one(self.connection, "BEGIN")
        answers = tuple(run(self.connection, reply))
        self.evidence.add(ATTEMPT, answers)
        message = self._objection(question, answers)
        run_one(self.connection, "ROLLBACK" if message else "COMMIT")
        if message:
            self.evidence.cut(before)
        return Verdict(right=not message, message=message, answers=answers)

    def _objection(self, question: Task, answers: tuple[Answer, ...]) -> str:
        if not answers:
            return "There is no statement in it."
        if answers[-1].error is not None:
            return "It ends in an error."
        for check in question.checks:
            try:
                if self._holds(check.that, check.inside) is not True:
                    return ONE.sub(r"1 \1", self.filled(check.otherwise))
            except (DatabaseError, LookupError):  # a column or a node that only a right answer has is not there
                return "That is not what is asked for." if FILLED.search(check.otherwise) else check.otherwise
        return ""

    def _holds(self, query: str, inside: bool) -> object:
        if not inside:
            return self.evidence.value(query)
        answer = run_one(self.connection, query)
        if answer.error is not None:
            raise answer.error
        rows = answer.rows()
        return rows[0][0] if rows else None


def number_in(reply: str) -> Decimal | None:
    """The number in a reply: thousands may be set apart, a unit may follow."""
    match = re.fullmatch(r"\$?\s*([-+]?[\d,_ ]*\.?\d+(?:[eE][-+]?\d+)?)\s*[A-Za-z$%]*\.?", reply.strip())
    if match is None:
        return None
    try:
        return Decimal(re.sub(r"[,_ ]", "", match[1])) + 0  # the sum says whether it can be reckoned with
    except ArithmeticError:
        return None
