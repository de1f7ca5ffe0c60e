"""%lesson, %answer, %hint and %skip: a lesson in a notebook, whose %%sql cells are the runs that its questions are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand
from IPython.display import display

from auroraml.lessons.lesson import Code, Lesson, Question, Task
from auroraml.lessons.playing import Player
from auroraml.lessons.progress import Progress
from auroraml.lessons.reading import find
from auroraml.notebook.magics import Message, magics_of
from auroraml.notebook.results import ResultSet
from auroraml.notebook.statements import Answer
from auroraml.sql import split

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class Said:
    """Markdown for a notebook, plain text for a terminal."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.text


class Attendance:
    """A lesson being taken in a notebook: what its cells ran, and which run each question is about."""

    def __init__(self, lesson: Lesson) -> None:
        self.player = Player(lesson)
        self.hinted: dict[int, int] = {}
        codes = [code for step in lesson.steps for code in step.parts if isinstance(code, Code)]
        self.script = [(statement, code.run) for code in codes for statement in split(code.sql)]
        self.at = -1  # the place in the script of the statement that ran last
        self.places: list[int] = []  # those of the answers; -1 for what is not in the script

    def note(self, answer: Answer) -> None:
        """A cell ran a statement. One that the script has several times is the next of them."""
        found = [place for place, (statement, _) in enumerate(self.script) if statement == answer.statement]
        place = next((place for place in found if place > self.at), found[0] if found else -1)
        if place >= 0:
            self.at = place
        self.places.append(place)
        self.player.evidence.add(self.script[place][1] if place >= 0 else "", [answer])

    def question(self, number: int) -> Question:
        """A question by number."""
        questions = self.player.lesson.questions
        if not 1 <= number <= len(questions):
            raise UsageError(f"the lesson has questions 1 to {len(questions)}")
        return questions[number - 1]

    def about(self, question: Question) -> int:
        """How many of the answers had come when the question arose: those up to the last statement before it."""
        last = -1
        for part in (part for step in self.player.lesson.steps for part in step.parts):
            if isinstance(part, Code):
                last += len(split(part.sql))
            elif part is question:
                break
        answers = self.player.evidence.answers
        found = [number for number, place in enumerate(self.places, 1) if place == last and answers[number - 1][1].error is None]
        if not found:
            raise UsageError("run the cells above the question first")
        return found[-1]

    def judged(self, question: Question, reply: str) -> tuple[bool, str, tuple[Answer, ...]]:
        """Whether a reply is right, what to say, and what the reply's SQL did."""
        evidence = self.player.evidence
        everything, count = list(evidence.answers), self.about(question)
        evidence.cut(count)
        try:
            verdict = self.player.judge(question, reply)
            text = f"✓ **Right.** {self.player.filled(question.why)}" if verdict.right else f"✗ {verdict.message}"
        finally:
            self.places += [-1] * (len(evidence.answers) - count)
            everything += evidence.answers[count:]
            evidence.cut(0)
            evidence.answers += everything
        return verdict.right, text, verdict.answers

    def right(self, question: Question) -> str:
        """The right reply."""
        evidence = self.player.evidence
        everything = list(evidence.answers)
        evidence.cut(self.about(question))
        try:
            return self.player.answer(question)
        finally:
            evidence.cut(0)
            evidence.answers += everything


@magics_class
class LessonMagics(Magics):  # type: ignore[misc] # IPython is untyped here
    """The magics of the notebooks that `auroraml-sql learn --notebook` writes."""

    attendance: Attendance | None = None

    @line_magic  # type: ignore[untyped-decorator] # as above
    def lesson(self, line: str) -> None:
        """%lesson NAME: begin a lesson; %sql runs in its database from now on."""
        found = find(line.strip()) if line.strip() else None
        if found is None:
            raise UsageError(f"there is no lesson {line.strip()!r}; auroraml-sql learn lists them")
        magics = magics_of(self.shell)
        if self.attendance is not None:
            magics.listeners.remove(self.attendance.note)
            self.attendance.player.close()
        self.attendance = Attendance(found)
        magics.use(self.attendance.player.connection)
        magics.listeners.append(self.attendance.note)
        print(f"Lesson {found.number}: {found.title}, {len(found.questions)} questions")

    @no_var_expand  # type: ignore[untyped-decorator] # as above
    @line_cell_magic  # type: ignore[untyped-decorator] # as above
    def answer(self, line: str, cell: str | None = None) -> None:
        """%answer N REPLY, or %%answer N with SQL in the cell."""
        taken = self._taken()
        number, _, reply = line.strip().partition(" ")
        question = self._asked(taken, number)
        right, text, answers = taken.judged(question, reply if cell is None else cell)
        for answer in answers:
            for notice in answer.notices:
                display(Message(notice, answer.statement))
            if answer.error is not None:
                display(Message(answer.error.diag, answer.statement))
            elif answer.columns is not None:
                display(ResultSet(answer))
        display(Said(text))
        if right:
            progress = Progress()
            progress.of(taken.player.lesson).right.add(int(number) - 1)
            progress.save()

    @line_magic  # type: ignore[untyped-decorator] # as above
    def hint(self, line: str) -> None:
        """%hint N: the next hint."""
        taken = self._taken()
        question = self._asked(taken, line.strip())
        given = taken.hinted.get(int(line), 0)
        taken.hinted[int(line)] = given + 1
        display(Said(question.hints[given] if given < len(question.hints) else "There are no more hints."))

    @line_magic  # type: ignore[untyped-decorator] # as above
    def skip(self, line: str) -> None:
        """%skip N: the answer."""
        taken = self._taken()
        question = self._asked(taken, line.strip())
        right = taken.right(question)
        display(Said(f"```sql\n{right}\n```" if isinstance(question, Task) else f"Answer: **{right}**"))

    def _taken(self) -> Attendance:
        if self.attendance is None:
            raise UsageError("begin with %lesson NAME")
        return self.attendance

    def _asked(self, taken: Attendance, number: str) -> Question:
        if not number.isdigit():
            raise UsageError("name the question: %answer 1 ...")
        return taken.question(int(number))


def load_lessons(shell: InteractiveShell) -> None:
    """Register %sql and these magics."""
    magics_of(shell)
    shell.register_magics(LessonMagics)
