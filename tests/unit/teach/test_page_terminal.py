"""The picture in a terminal: bars and lanes to scale, no line wider than the terminal, colours only where they are wanted."""

from __future__ import annotations

import io
import re

import pytest
from rich.cells import cell_len

from auroraml.teach.page.calls import Attempt, Call, time_line
from auroraml.teach.page.plan import read_plan
from auroraml.teach.page.run import Run, bill_of, figures_of
from auroraml.teach.page.terminal import block_bar, figures_table, lane_cells, write_run

COLOR = re.compile(r"\x1b\[[\d;]*m")


def call(number: int, start: float, milliseconds: float, queued: float = 0.0, worker: int | None = None, **more: object) -> Call:
    tries = (Attempt(start=start, milliseconds=milliseconds, queued=queued, instance=number % 2),)
    return Call(
        number=number, start=start, milliseconds=milliseconds, tries=tries, worker=worker, service="SageMaker", operation="InvokeEndpoint",
        target="an-endpoint-with-a-rather-long-name-of-its-own", items=5, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def made(calls: list[Call]) -> Run:
    scan = {"Node Type": "Seq Scan", "Relation Name": "t" * 60, "Alias": "t", "Startup Cost": 0.0, "Total Cost": 35.5, "Plan Rows": 5, "Plan Width": 4,
            "Actual Startup Time": 0.1, "Actual Total Time": 95.0, "Actual Rows": 2550, "Actual Loops": 1}  # fmt: skip
    root = {**scan, "Node Type": "Limit", "Plans": [scan], "Actual Total Time": 100.0}
    del root["Relation Name"], root["Alias"]
    plan = read_plan({"Plan": root, "Execution Time": 100.0, "Total Charges": {"Calls": len(calls), "Retries": 1, "Amount": 0.5, "Currency": "USD"}})
    line = time_line(calls, 100.0)
    return Run(plan=plan, line=line, bill=bill_of(plan), figures=figures_of(plan, line))


RUN = made([call(i, i * 9.0, 9.0, 3.0, None if i % 3 == 0 else i % 3) for i in range(11)])


@pytest.mark.parametrize(
    ("share", "width", "wanted"), [(0, 8, ""), (1, 4, "████"), (0.5, 4, "██"), (0.5, 3, "█▌"), (1 / 64, 8, "▏"), (7, 2, "██"), (-1, 2, "")]
)
def test_bars(share: float, width: int, wanted: str) -> None:
    assert block_bar(share, width) == wanted


@pytest.mark.parametrize("width", [44, 60, 80, 100, 160])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    out = io.StringIO()
    write_run(RUN, out, width=width, color=False)
    lines = out.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= width
    assert any(line.startswith("Limit") for line in lines) and any(line.startswith("worker 2") for line in lines)
    assert lines[-1] == "bill: 0.50 USD for 11 calls"


def test_what_is_no_terminal_gets_no_colours() -> None:
    out = io.StringIO()
    write_run(RUN, out)
    assert "\x1b" not in out.getvalue()


def test_a_terminal_gets_colours_unless_they_are_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown, plain = Terminal(), Terminal()
    write_run(RUN, shown, width=90)
    monkeypatch.setenv("NO_COLOR", "1")
    write_run(RUN, plain, width=90)
    colors = re.compile(r"\x1b\[[\d;]*3[0-7]m|38;5")
    assert colors.search(shown.getvalue()) and not colors.search(plain.getvalue())
    assert COLOR.sub("", shown.getvalue()) == COLOR.sub("", plain.getvalue())


def test_lanes_are_to_scale() -> None:
    line = time_line([call(0, 20, 40, 20), call(2, 80, 20)], 100)
    assert lane_cells(line.workers[0], 100, 10).plain == "··░░██··██"
    assert lane_cells(line.instances[0], 100, 20).plain == "········▐███····▐███"


def test_failed_attempts_and_retried_calls_are_marked() -> None:
    tries = (Attempt(start=0, milliseconds=10, error="ThrottlingException"), Attempt(start=50, milliseconds=50, instance=0))
    retried = Call(number=1, start=0, milliseconds=100, attempts=2, tries=tries, service="SageMaker", operation="InvokeEndpoint", target="e")
    assert lane_cells(time_line([retried], 100).workers[0], 100, 10).plain == "!····▐███r"


def test_the_best_size_stands_out() -> None:
    out = io.StringIO()
    figures_table([RUN], out, width=80, color=False)
    assert " ".join(out.getvalue().split()) == "rows a batch all rows first row calls retries bill as written 100 ms 0.10 ms 11 1 0.50 USD"
