"""The examples of README.md and docs/bill.md, run: Python blocks as doctests, console blocks through auroraml-sql."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

import auroraml
from tests.runner.outcome import mask

ROOT = Path(__file__).resolve().parents[2]
README, BILL = ROOT / "README.md", ROOT / "docs" / "bill.md"
PROMPT = re.compile(r"^labdb[=\-'\"($]*[>#] ?")
RUN = "import sys; from auroraml_cli.main import main; sys.argv[0] = 'auroraml-sql'; main()"


def blocks(language: str, document: Path = README) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", document.read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.parametrize("block", [*blocks("python"), "".join(blocks("python", BILL))])  # the bill's go on from one another
def test_python(block: str) -> None:
    test = doctest.DocTestParser().get_doctest(block, {}, "README.md", str(README), 0)
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test)
    assert result.attempted and not result.failed


def exchanges(block: str) -> list[tuple[str, str]]:
    """What is typed at the prompt, and what the screen then shows."""
    found: list[list[list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            continue
        if PROMPT.match(line):
            if line.startswith("labdb=> "):
                found.append([[], []])
            found[-1][0].append(PROMPT.sub("", line))
        else:
            found[-1][1].append(line)
    return [("\n".join(typed), "\n".join(shown)) for typed, shown in found]


def answers(pairs: list[tuple[str, str]]) -> list[str]:
    """What auroraml-sql shows for each thing typed."""
    script = "".join(f"{typed}\n\\echo ----{i}\n" for i, (typed, _) in enumerate(pairs))
    command = [sys.executable, "-c", RUN, "-X", "-d", "labdb"]
    ran = subprocess.run(command, input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return [part.rstrip("\n") for part in re.split(r"^----\d+\n", ran.stdout, flags=re.M)[:-1]]


def rewritten(block: str, shown: list[str]) -> str:
    """The block with what was really shown."""
    lines, parts = [], iter(shown)
    typing = False
    for line in [*block.splitlines(), "labdb=> "]:
        if typing and not (PROMPT.match(line) and not line.startswith("labdb=> ")):
            answer = next(parts)
            lines += [shown_line.rstrip() for shown_line in answer.splitlines()]
            lines += [""] if answer.endswith((" rows)", " row)")) else []
        typing = bool(PROMPT.match(line))
        if typing or line.startswith("$ "):
            lines.append(line)
    return "\n".join(lines[:-1]).rstrip("\n") + "\n"


@pytest.mark.parametrize(("document", "block"), [(d, b) for d in (README, BILL) for b in blocks("console", d) if "labdb=> " in b])
def test_console(document: Path, block: str, request: pytest.FixtureRequest) -> None:
    pairs = exchanges(block)
    shown = answers(pairs)
    if request.config.getoption("--rewrite"):
        document.write_text(document.read_text(encoding="utf-8").replace(block, rewritten(block, shown)), encoding="utf-8")
        return

    def tidy(text: str) -> list[str]:
        return [re.sub(r"-{5,}", "-----", mask(line)).strip() for line in text.strip().splitlines()]  # widths follow the times

    assert [tidy(part) for part in shown] == [tidy(wanted) for _, wanted in pairs]


def test_configuration(tmp_path: Path) -> None:
    (sample,) = blocks("toml")
    (tmp_path / "endpoints.toml").write_text(sample, encoding="utf-8")
    (tmp_path / "train.csv").write_text("churned,a,b\n" + "".join(f"{i % 2},{i % 2 + 0.1},{i}\n" for i in range(40)), encoding="utf-8")
    connection = auroraml.connect(config=tmp_path / "endpoints.toml", autocommit=True)
    connection.execute("CREATE EXTENSION aws_ml CASCADE")
    rows = connection.execute("SELECT aws_sagemaker.invoke_endpoint('churn', NULL, x, 3)::real FROM unnest(ARRAY[0.1, 1.1]) x").fetchall()
    assert rows[0][0] < 0.5 < rows[1][0]
    connection.close()


def test_the_bills_configuration(tmp_path: Path) -> None:
    (sample,) = blocks("toml", BILL)
    (tmp_path / "auroraml.toml").write_text(sample, encoding="utf-8")
    endpoints = {name: lambda table: [1] for name in ("churn-1", "fraud-1")}
    with auroraml.connect(config=tmp_path / "auroraml.toml", endpoints=endpoints, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION aws_ml CASCADE")
        connection.execute("SELECT aws_sagemaker.invoke_endpoint('churn-1', NULL, 1)")
        with pytest.raises(auroraml.OperationalError, match="could not invoke endpoint"):
            connection.execute("SELECT aws_sagemaker.invoke_endpoint('fraud-1', NULL, 1)")
        query = "SELECT price FROM auroraml.prices WHERE list = current_setting('auroraml.price_list') AND item = 'ml.m5.large'"
        assert str(connection.execute(query).fetchone()) == "(Decimal('0.08'),)"
