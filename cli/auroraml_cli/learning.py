"""`auroraml-sql learn`: the lessons at the terminal, step by step, with questions that check themselves."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from auroraml.lazy import load
from auroraml.lessons.lesson import Choice, Code, Lesson, Part, Prose, Question, Task
from auroraml.lessons.playing import LETTERS, Player
from auroraml.lessons.progress import Progress, Standing
from auroraml.lessons.reading import BadLesson, find, lessons, read
from auroraml.sql import split
from auroraml_cli.lesson_screen import Screen
from auroraml_cli.scanner import Scanner, Stop

PROGRAM = "auroraml-sql learn"
MANY = 3  # wrong replies after which help is offered
Lines = Callable[[str], str]  # asks with a prompt; EOFError at the end


class Left(Exception):
    """The learner leaves."""


class Back(Exception):
    """The learner wants to see the step before once more."""


QUIT = frozenset(("q", "quit", "exit"))
BACK = frozenset(("back",))
SKIP = frozenset(("s", "skip"))
HINT = frozenset(("h", "hint"))
EXPLAINED = frozenset(("?", "help"))
COMMANDS = QUIT | BACK | SKIP | HINT | EXPLAINED
SQL = frozenset(("select", "explain", "table", "with", "show", "set", "values", "insert", "update", "delete", "create"))  # how a statement may begin
PREPARING = {"SET", "RESET", "CREATE", "ALTER", "DROP", "PREPARE"}
WORDS = "**hint**, **skip**, **back** (to the step before), **quit**, or any SQL that ends in a semicolon, to look for yourself"


HELP = """auroraml-sql learn teaches Aurora ML: queries run before your eyes, questions check themselves.

Usage:
  auroraml-sql learn [OPTION]... [LESSON]

LESSON is a number, a name, or a file of your own (docs/lessons.md says how to write one). Without it: the lessons, and how far you are.

      --auto               answer the questions itself, and stop nowhere
      --continue           begin with the step you left the lesson at; what comes before it is run unseen
      --notebook=DIR       write LESSON, or all, as Jupyter notebooks into a folder
      --reset              forget the progress of LESSON, or of all

At a question: the answer, hint, skip, back (to the step before), quit, or SQL that ends in a semicolon, to look for yourself.
"""


@click.command(name=PROGRAM, add_help_option=False)
@click.argument("lesson", required=False)
@click.option("--auto", is_flag=True)
@click.option("--continue", "resume", is_flag=True)
@click.option("--reset", is_flag=True)
@click.option("--notebook", "folder")
@click.option("-?", "--help", "helping", is_flag=True)
def command(lesson: str | None, auto: bool, resume: bool, reset: bool, folder: str | None, helping: bool) -> int:
    """The whole program."""
    if helping:
        sys.stdout.write(HELP)
        return 0
    progress = Progress()
    chosen = None if lesson is None else _chosen(lesson)
    if reset:
        progress.reset(chosen)
    elif folder is not None:
        for path in load("auroraml.lessons.notebooks").write(lessons() if chosen is None else (chosen,), Path(folder)):
            click.echo(path)
    elif chosen is None:
        _list(progress, Screen())
    else:
        with Player(chosen) as player:
            Teacher(player, Screen(), progress, auto=auto).teach(resume=resume)
    return 0


def run(arguments: Sequence[str]) -> int:
    """The program and its exit code."""
    try:
        code: int = command.main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130
    return code


def _chosen(word: str) -> Lesson:
    if word.endswith(".md") or os.sep in word:
        try:
            return read(Path(word).read_text(encoding="utf-8"), 0, word)
        except (OSError, BadLesson) as error:
            raise click.ClickException(str(error)) from None
    found = find(word)
    if found is None:
        raise click.ClickException(f"there is no lesson {word!r}; {PROGRAM} lists them")
    return found


def _list(progress: Progress, screen: Screen) -> None:
    width = max(len(lesson.name) for lesson in lessons())
    for lesson in lessons():
        standing = progress.of(lesson)
        asked, right = len(lesson.questions), len(standing.right)
        state = "done" if standing.done and right == asked else f"{right} of {asked}" if right or standing.step else f"{asked} questions"
        if standing.step and not standing.done:
            state += f", left at step {standing.step + 1}"
        mark = "✓" if state == "done" else "·" if right or standing.step else " "
        screen.say(f"{mark} {lesson.number:>2}  **{lesson.name:<{width}}**  {lesson.title} *({state})*")
    screen.say("")
    screen.say(f"`{PROGRAM} 1` begins with the first; `--continue` goes on where you left, `--notebook DIR` writes Jupyter notebooks.")


class Teacher:
    """Takes a learner, or itself (`auto`), through a lesson."""

    def __init__(self, player: Player, screen: Screen, progress: Progress, *, auto: bool = False, lines: Lines | None = None) -> None:
        self.player = player
        self.screen = screen
        self.progress = progress
        self.auto = auto
        self.lines = lines or _typed
        self.at = 0  # the step being taken
        self.present = not auto and lines is None and sys.stdin.isatty()  # somebody who can press Enter

    @property
    def standing(self) -> Standing:
        """The lesson's standing."""
        return self.progress.of(self.player.lesson)

    def teach(self, *, resume: bool = False) -> None:
        """The whole lesson, or what is left of it."""
        lesson = self.player.lesson
        first = self.standing.step if resume else 0
        if self.present:
            self.screen.say(f"Enter goes on; at a question: the answer, {WORDS}.", "dim")
        while True:
            try:
                self._steps(first)
            except Back:
                first = max(self.at - 1, 0)
                self.player.begin_again()
            except Left:
                self.screen.say(f"`{PROGRAM} {lesson.number or '...'} --continue` goes on from here.")
                return
            else:
                break
        self._keep(step=0, done=True)
        right, all_of_them = len(self.standing.right), len(lesson.questions)
        score = "" if self.auto else f" {right} of {all_of_them} questions answered."
        self.screen.say(f"**That is the end of lesson {lesson.number or lesson.name}.**{score}", "green")
        following = find(str(lesson.number + 1)) if lesson.number else None
        if following is not None and not self.auto:
            self.screen.say(f"Next: `{PROGRAM} {following.number}`, {following.title}.")

    def _steps(self, first: int) -> None:
        """The steps from `first` on; what comes before runs unseen."""
        lesson, asked = self.player.lesson, 0
        for number, step in enumerate(lesson.steps):
            seen, self.at = number >= first, number
            if seen:
                name = f"Lesson {lesson.number}: " if number == 0 and lesson.number else ""
                self.screen.heading(f"{name}{step.title}" + (f"  ({number + 1}/{len(lesson.steps)})" if number else ""))
            for part in step.parts:
                self._part(part, asked, seen=seen)
                asked += isinstance(part, Question)
            if seen:
                self._keep(step=number + 1)
                if self.present and number + 1 < len(lesson.steps):
                    self._pause("Enter: the next step")

    def _keep(self, *, step: int, done: bool = False) -> None:
        if self.auto:
            return
        self.standing.step = step
        self.standing.done |= done
        self.progress.save()

    def _part(self, part: Part, number: int, *, seen: bool) -> None:
        if isinstance(part, Code):
            self._code(part, seen=seen)
        elif isinstance(part, Question):
            if seen:
                self._question(part, number)
            elif isinstance(part, Task):
                self.player.judge(part, part.solution)  # later steps may need what it makes
        elif isinstance(part, Prose) and seen:
            self.screen.prose(self.player.filled(part.text))

    def _code(self, code: Code, *, seen: bool) -> None:
        if not seen:
            self.player.run(code)
            return
        for sql in split(code.sql) if not code.quiet else (code.sql,):
            self.screen.statement(sql if code.quiet else f"{sql};")
            if self.present and not code.quiet:
                self._pause("Enter runs it")
            for answer in self.player.run(Code(sql=sql, run=code.run)):
                self.screen.answer(answer, code.quiet)
            self.screen.console.print()

    def _pause(self, text: str) -> None:
        try:
            word = command_in(self.lines(self.screen.pause(text)))
        except EOFError:
            raise Left from None
        self._went(word)
        self.screen.resume()

    def _went(self, word: str) -> None:
        """Leave, or go back, if that is what was typed."""
        if word in QUIT:
            raise Left
        if word in BACK:
            raise Back

    def _question(self, question: Question, number: int) -> None:
        self.screen.prose(f"**Question {number + 1}.** {question.ask}")
        if isinstance(question, Choice):
            for letter, option in zip(LETTERS, question.options, strict=False):
                self.screen.say(f"  {letter}) {option.text}")
        if self.auto:
            self._show(question)
        elif self._asked(question):
            self.standing.right.add(number)
            self.progress.save()
        if question.why:
            self.screen.prose(self.player.filled(question.why))

    def _show(self, question: Question) -> None:
        """The right answer; a task's is run."""
        right = self.player.answer(question)
        if isinstance(question, Task):
            self.screen.statement(right)
            for answer in self.player.judge(question, right).answers:
                self.screen.answer(answer)
        else:
            self.screen.say(f"Answer: **{right}**")

    def _asked(self, question: Question) -> bool:
        """Ask until the reply is right (True) or skipped."""
        hints, wrong = list(question.hints), 0
        while True:
            reply = self._reply(question)
            word = command_in(reply)
            self._went(word)
            if word in SKIP:
                self._show(question)
                return False
            if word in EXPLAINED:
                self.screen.say(f"The answer, {WORDS}.", "yellow")
                continue
            if word in HINT:
                self.screen.say(hints.pop(0) if hints else "There are no more hints; **skip** shows the answer.", "yellow")
                continue
            if not word:
                continue
            if reply.lstrip().startswith("\\"):
                self._describe(reply.strip())
                continue
            if word.split()[0] in SQL and not isinstance(question, Task) and not reply.rstrip().endswith(";"):
                self.screen.say("SQL ends in a semicolon.", "yellow")
                continue
            if reply.rstrip().endswith(";") and not isinstance(question, Task):
                for answer in self.player.try_out(reply):
                    self.screen.answer(answer)
                continue
            if self._judged(question, reply):
                return True
            wrong += 1
            if wrong % MANY == 0:
                self.screen.say("**hint** helps, **skip** shows the answer.", "yellow")

    def _describe(self, line: str) -> None:
        """A backslash command that shows something."""
        describing = load("auroraml_cli.describing")  # for those who type one
        try:
            self.screen.plain(describing.described(self.player.connection, line))
        except describing.Undescribed as error:
            self.screen.error(str(error))

    def _judged(self, question: Question, reply: str) -> bool:
        verdict = self.player.judge(question, reply)
        for answer in verdict.answers:
            self.screen.answer(answer)
        if verdict.right:
            self.screen.say("✓ Right.", "bold green")
        else:
            self.screen.error(f"✗ {verdict.message}")
        return verdict.right

    def _reply(self, question: Question) -> str:
        """A line; for a task, lines to the end of a statement, and of what is to come after it in the same answer."""
        try:
            text = self.lines("lesson=> " if isinstance(question, Task) else "? ")
            if not isinstance(question, Task) or command_in(text) in COMMANDS or text.lstrip().startswith("\\"):
                return text
            scanner = Scanner(lambda name: None)
            scanner.start(text)
            while (open_ := scanner.scan() is Stop.INCOMPLETE) or prepares(text, question.solution):
                if not open_:
                    self.screen.say("What comes next in the same answer? An empty line ends it.", "yellow")
                line = self.lines("lesson-> ")
                if not open_ and not line.strip():
                    break
                text += f"\n{line}"
                scanner.start(f"\n{line}")
        except EOFError:
            raise Left from None
        return text


def prepares(reply: str, solution: str) -> bool:
    """Whether a reply's last statement only prepares another, where the solution has several."""
    last = reply.rstrip().rstrip(";").rpartition(";")[2].split()
    return ";" in solution.rstrip().rstrip(";") and bool(last) and last[0].upper() in PREPARING


def command_in(reply: str) -> str:
    """A reply as a word that is not an answer would be written."""
    return reply.strip().rstrip(";").strip().lower().removeprefix("\\")


def _typed(prompt: str) -> str:
    """A line from the keyboard, with editing and history where there is a terminal; Ctrl-C leaves. A line from a pipe is shown as if it were typed."""
    if not sys.stdin.isatty():
        line = input()
        print(f"{prompt}{line}")
        return line
    with contextlib.suppress(ImportError):
        load("readline")
    try:
        return input(prompt)
    except KeyboardInterrupt:
        raise EOFError from None
