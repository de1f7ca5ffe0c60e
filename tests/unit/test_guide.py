"""docs/guide.md and docs/choices.md: every case they name is there and is answered as recorded, every setting they name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auroraml.settings import DEFINED, aurora, batches
from tests.golden.gaps import keys, listed
from tests.runner.blocks import read

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
REFERENCE = re.compile(r"`([\w/]+\.(?:test|py))`: (“[^”]+”(?:, “[^”]+”)*)")
NAME = re.compile(r"“([^”]+)”")


def rows(page: str) -> list[list[str]]:
    """The cells of the page's table rows, heads left out."""
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    found = [line.strip("|").split(" | ") for line in lines if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in row] for row in found if row[-1].strip() != "shown by"]


def references(page: str) -> list[tuple[str, str]]:
    """Each case named: its file and its name."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [(file, name) for file, names in REFERENCE.findall(text) for name in NAME.findall(names)]


def problem(file: str, name: str) -> str | None:
    """What is wrong with a reference to a case, None where it stands and passes."""
    if file.endswith(".py"):
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        return None if re.search(rf"^def {re.escape(name)}\(", text, re.M) else "no such test"
    path = ROOT / "tests" / "golden" / file
    if not path.exists():
        return "no such file"
    golden = read(path)
    named = {key for key, block in zip(keys(golden), golden.blocks, strict=True) if f"# {name}" in block.comment or block.body.startswith(name)}
    if not named:
        return "no such case"
    return "is a known gap" if named & listed(golden) else None


@pytest.mark.parametrize("page", ["guide.md", "choices.md"])
def test_every_case_named_is_there_and_passes(page: str) -> None:
    found = references(page)
    assert len(found) > 40
    wrong = [f"{file}: {name}: {what}" for file, name in found if (what := problem(file, name)) is not None]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", ["guide.md", "choices.md"])
def test_every_row_names_a_case_or_says_later(page: str) -> None:
    found = rows(page)
    assert len(found) > 40
    wrong = [row for row in found if row[-1] != "later" and not REFERENCE.match(row[-1])]
    assert not wrong, "\n".join(" | ".join(row) for row in wrong)


@pytest.mark.parametrize("page", ["guide.md", "choices.md"])
def test_nothing_but_references_stands_in_the_last_column(page: str) -> None:
    for row in rows(page):
        assert re.sub(r"[;\s]", "", REFERENCE.sub("", row[-1])) in ("", "later"), row[-1]


def test_every_setting_named_exists() -> None:
    text = (DOCS / "choices.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:auroraml|apg|rds|aws)[._]\w+)`", text))
    assert named and named <= set(DEFINED), named - set(DEFINED)


def test_every_setting_of_the_emulation_is_listed() -> None:
    text = (DOCS / "choices.md").read_text(encoding="utf-8")
    ours = {setting.name for module in (aurora, batches) for setting in module.SETTINGS if setting.name.startswith("auroraml.")}
    assert ours and not [name for name in sorted(ours) if f"`{name}`" not in text]


def test_choices_have_an_evidence_mark() -> None:
    marks = ("published", "measured", "inferred", "unconfirmed", "ours", "–")
    for row in rows("choices.md"):
        assert len(row) == 6, row
        assert row[2].startswith(marks), row


def test_all_open_questions_are_answered() -> None:
    numbers = {row[0] for row in rows("choices.md")}
    assert {str(n) for n in range(1, 29)} <= numbers | {"16"}
