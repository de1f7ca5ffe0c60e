"""Golden files as values: a header, then blocks of directive, body and expectation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

SEPARATOR = "----"
DIRECTIVES = ("do", "query", "tag", "error", "plan", "rules", "calls", "psql", "?")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One case. `header` is all after the directive's name; `session` is "" or the name before the colon."""

    directive: str
    header: str = ""
    session: str = ""
    body: str = ""
    expected: tuple[str, ...] = ()
    comment: tuple[str, ...] = ()
    line: int = 0

    def render(self) -> str:
        """The block as it stands in a file."""
        prefix = f"{self.session}: " if self.session else ""
        lines = [*self.comment, f"{prefix}{self.directive} {self.header}".rstrip()]
        if self.body:
            lines.append(self.body)
        if self.directive != "do":
            lines += [SEPARATOR, *(line or "(empty)" for line in self.expected)]
        return "\n".join(lines) + "\n"

    def expecting(self, directive: str, header: str, expected: tuple[str, ...]) -> Block:
        """The same case with another outcome."""
        return replace(self, directive=directive, header=header, expected=expected)


@dataclass(frozen=True, kw_only=True)
class GoldenFile:
    """A golden file: `oracle` says whether PostgreSQL answers for it; the header says why not otherwise."""

    path: Path
    comment: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    options: dict[str, str] = field(default_factory=dict)

    @property
    def oracle(self) -> bool:
        """Whether the file is recorded from and checked against PostgreSQL."""
        return self.options.get("oracle", "").startswith("postgres")

    def render(self) -> str:
        """The file's text."""
        return "\n".join(["\n".join(self.comment) + "\n", *(block.render() for block in self.blocks)])


def read(path: Path) -> GoldenFile:
    """Parse `path`; ValueError names the line of a block that cannot be read."""
    lines = path.read_text(encoding="utf-8").split("\n")
    paragraphs: list[tuple[int, list[str]]] = []
    start = True
    for number, line in enumerate(lines, 1):
        if not line:
            start = True
        elif start:
            paragraphs.append((number, [line]))
            start = False
        else:
            paragraphs[-1][1].append(line)
    comment: list[str] = []
    if paragraphs and all(line.startswith("#") for line in paragraphs[0][1]):
        comment = paragraphs.pop(0)[1]
    options = dict(re.findall(r"(\w+): (\S+)", " ".join(comment)))
    return GoldenFile(path=path, comment=tuple(comment), options=options, blocks=tuple(_block(path, n, p) for n, p in paragraphs))


def _block(path: Path, number: int, lines: list[str]) -> Block:
    comment = []
    while lines and lines[0].startswith("#"):
        comment.append(lines.pop(0))
    if not lines:
        raise ValueError(f"{path}:{number}: a comment without a block")
    match = re.fullmatch(r"(?:(\w+): )?(\S+)(?: (.*))?", lines[0])
    if match is None or match[2] not in DIRECTIVES:
        raise ValueError(f"{path}:{number}: unknown directive in {lines[0]!r}")
    rest = lines[1:]
    cut = rest.index(SEPARATOR) if SEPARATOR in rest else len(rest)
    expected = tuple("" if line == "(empty)" else line for line in rest[cut + 1 :])
    return Block(
        directive=match[2], header=match[3] or "", session=match[1] or "", body="\n".join(rest[:cut]),
        expected=expected, comment=tuple(comment), line=number,
    )  # fmt: skip
