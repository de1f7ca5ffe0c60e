"""Reading lessons: a text of Markdown with fenced SQL and questions in TOML, after a head in TOML, to a Lesson."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from auroraml.lessons.lesson import Check, Choice, Code, Lesson, Number, Option, Part, Prose, Question, Step, Task
from auroraml.records import dataclass

HEAD = re.compile(r"\+\+\+\n(.*?)^\+\+\+\n(.*)\Z", re.S | re.M)
FENCE = re.compile(r"```(\w*)[ ]*(.*)")
SERVICES = ("endpoints", "comprehend", "models", "faults", "prices")
KEYS = frozenset({"name", "summary", *SERVICES})


class BadLesson(ValueError):
    """What is wrong with a lesson's text, and where."""


def texts() -> list[Path]:
    """The files of the twelve lessons in order."""
    folder = Path(str(files("auroraml.lessons").joinpath("texts")))
    return sorted(folder.glob("*.md"))


@cache
def lessons() -> tuple[Lesson, ...]:
    """The twelve lessons."""
    return tuple(read(path.read_text(encoding="utf-8"), number, path.name) for number, path in enumerate(texts(), 1))


def find(word: str) -> Lesson | None:
    """The lesson of a number or name, or of the only name that begins so."""
    if word.isdigit():
        return next((lesson for lesson in lessons() if lesson.number == int(word)), None)
    begun = [lesson for lesson in lessons() if lesson.name.startswith(word.lower())]
    exact = [lesson for lesson in begun if lesson.name == word.lower()]
    return exact[0] if exact else begun[0] if len(begun) == 1 else None


def read(text: str, number: int, place: str = "lesson") -> Lesson:
    """A lesson of a text; BadLesson where it is not one."""
    match = HEAD.match(text)
    if match is None:
        raise BadLesson(f"{place}: a lesson begins with its head in TOML between two lines of +++")
    head = _toml(match[1], place)
    _known(head, KEYS, place)
    lines = list(enumerate(match[2].splitlines(), text[: match.start(2)].count("\n") + 1))
    title, steps = "", list[Step]()
    for heading, level, body in _sections(lines):
        parts = tuple(_parts(body, place))
        if level == 1:
            title = heading
        steps.append(Step(title=heading, parts=parts))
    if not title:
        raise BadLesson(f"{place}: no line begins with '# '")
    return Lesson(
        number=number, name=head["name"], title=title, summary=head["summary"], steps=tuple(steps),
        services={key: head[key] for key in SERVICES if key in head},
    )  # fmt: skip


Lines = list[tuple[int, str]]


def _sections(lines: Lines) -> Iterator[tuple[str, int, Lines]]:
    heading, level, body, fenced = "", 0, Lines(), False
    for number, line in lines:
        fenced ^= line.startswith("```")
        marks = re.match(r"(#{1,2}) (.*)", line)
        if fenced or marks is None:
            body.append((number, line))
            continue
        if level:
            yield heading, level, body
        heading, level, body = marks[2].strip(), len(marks[1]), Lines()
    if level:
        yield heading, level, body


def _parts(lines: Lines, place: str) -> Iterator[Part]:
    prose, left = list[str](), iter(lines)
    for number, line in left:
        fence = FENCE.match(line)
        if fence is None:
            prose.append(line)
            continue
        body = []
        for _, inside in left:
            if inside.startswith("```"):
                break
            body.append(inside)
        else:
            raise BadLesson(f"{place}:{number}: the fence is not closed")
        if fence[1] not in ("sql", "question"):
            prose += [line, *body, "```"]
            continue
        if text := "\n".join(prose).strip():
            yield Prose(text=text)
        prose = []
        whole = "\n".join(body)
        yield _code(whole, fence[2], f"{place}:{number}") if fence[1] == "sql" else _question(whole, f"{place}:{number}")
    if text := "\n".join(prose).strip():
        yield Prose(text=text)


def _code(sql: str, words: str, place: str) -> Code:
    run, quiet = "", False
    for word in words.split():
        if word == "quiet":
            quiet = True
        elif word.startswith("run="):
            run = word.removeprefix("run=")
        else:
            raise BadLesson(f"{place}: {word!r} is not quiet or run=NAME")
    return Code(sql=sql, run=run, quiet=quiet)


def _toml(text: str, place: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadLesson(f"{place}: {error}") from None


def _known(table: Mapping[str, object], keys: frozenset[str], place: str) -> None:
    strange = sorted(table.keys() - keys)
    if strange:
        raise BadLesson(f"{place}: {strange[0]!r} is not one of {', '.join(sorted(keys))}")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of question: the keys it needs and may have, and how it is made of them."""

    needs: frozenset[str]
    may: frozenset[str]
    make: Callable[[dict[str, Any], dict[str, Any]], Question]


def _number(common: dict[str, Any], table: dict[str, Any]) -> Number:
    return Number(**common, answer=table["number"], within=table.get("within", 0.0))


def _choice(common: dict[str, Any], table: dict[str, Any]) -> Choice:
    return Choice(**common, options=tuple(Option(text=option["text"], when=option["when"]) for option in table["choices"]))


def _task(common: dict[str, Any], table: dict[str, Any]) -> Task:
    checks = tuple(Check(that=c.get("that") or c["inside"], otherwise=c["otherwise"], inside="inside" in c) for c in table["checks"])
    return Task(**common, solution=table["solution"].strip(), checks=checks, wrong=tuple(text.strip() for text in table["wrong"]))


KINDS = (
    Kind(needs=frozenset({"number"}), may=frozenset({"within"}), make=_number),
    Kind(needs=frozenset({"choices"}), may=frozenset(), make=_choice),
    Kind(needs=frozenset({"solution", "checks", "wrong"}), may=frozenset(), make=_task),
)
COMMON = frozenset({"ask", "hints", "why"})


def _question(text: str, place: str) -> Question:
    table = _toml(text, place)
    kind = next((kind for kind in KINDS if kind.needs <= table.keys()), None)
    if kind is None or "ask" not in table:
        raise BadLesson(f"{place}: a question has ask, and number, or choices, or solution, checks and wrong")
    _known(table, COMMON | kind.needs | kind.may, place)
    common = {"ask": table["ask"].strip(), "hints": tuple(hint.strip() for hint in table.get("hints", ())), "why": table.get("why", "").strip()}
    try:
        return kind.make(common, table)
    except KeyError as error:
        raise BadLesson(f"{place}: {error} is missing") from None
