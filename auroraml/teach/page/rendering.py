"""Rendering: a page's model as one HTML file, and a plan as a fragment for notebooks; templates, styles and scripts are beside this module."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from auroraml.records import dataclass
from auroraml.services.log import CallRecord
from auroraml.teach.page import wording
from auroraml.teach.page.calls import DRAWN, TimeLine, time_line
from auroraml.teach.page.curve import curve
from auroraml.teach.page.gantt import gantt, summary
from auroraml.teach.page.labels import Json
from auroraml.teach.page.plan import Node, Plan, read_plan, walk
from auroraml.teach.page.recorded import recorded
from auroraml.teach.page.run import Page, Run

FOLDER = Path(__file__).parent
TIME_WORDS = ("", "above 10 %", "above 50 %", "above 90 %")
ROW_WORDS = ("", "above 10 ×", "above 100 ×", "above 1000 ×")
FOLDED = 400  # nodes, above which a plan is shown with its branches closed


@dataclass(frozen=True, kw_only=True)
class Row:
    """A node as a line of the tree: `guides` are the lines left of it, from the root: pipe, gap, tee, end."""

    node: Node
    depth: int
    guides: tuple[str, ...]
    parent: int


@dataclass(frozen=True, kw_only=True)
class State:
    """What the slider can choose: the run as it was, or with a batch size."""

    label: str
    run: Run
    drawing: Markup


def rows_of(root: Node) -> list[Row]:
    """The tree's lines."""

    def below(node: Node, guides: tuple[str, ...], depth: int, parent: int) -> Iterator[Row]:
        yield Row(node=node, depth=depth, guides=guides, parent=parent)
        passed = tuple("pipe" if guide in ("pipe", "tee") else "gap" for guide in guides)
        for child in node.children:
            end = child is node.children[-1]
            yield from below(child, (*passed, "end" if end else "tee"), depth + 1, node.number)

    return list(below(root, (), 0, 0))


def telling(properties: Iterable[tuple[str, object]]) -> list[tuple[str, object]]:
    """The properties without counts of zero, of which BUFFERS has ten a node."""
    shown = [(name, {key: item for key, item in value.items() if item} if isinstance(value, dict) else value) for name, value in properties]
    return [(name, value) for name, value in shown if value not in ({}, []) and not (value == 0 and name.endswith("Blocks"))]


def reasons(left_out: Mapping[int, str]) -> list[tuple[str, str]]:
    """Why sizes were left out, and which."""
    found: dict[str, list[str]] = {}
    for size, reason in left_out.items():
        found.setdefault(reason.rstrip("."), []).append(wording.count(size))
    return [(reason, ", ".join(sizes)) for reason, sizes in found.items()]


def leaves(entries: Sequence[dict[str, object]]) -> list[tuple[str, object]]:
    """The values of entries that are not zero, nested ones by the names that lead to them."""
    found: list[tuple[str, object]] = []
    for entry in entries:
        for name, value in entry.items():
            if isinstance(value, dict):
                found += [(f"{name}: {inner.lower()}", item) for inner, item in leaves([value])]
            elif value or name == "Worker Number":
                found.append((name, value))
    return found


def flat(value: object) -> str:
    """A property's value in a line, or in several where it is a list of entries."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {flat(item)}" for name, item in value.items() if item not in (0, 0.0))
    if isinstance(value, list):
        return ("\n" if any(isinstance(item, dict) for item in value) else ", ").join(map(flat, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".") if abs(value) >= 1 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def drawing(line: TimeLine, key: str) -> Markup:
    """The Gantt chart; a sentence where there is nothing to draw."""
    return Markup(gantt(line, key)) if line.lanes else Markup('<p class="none">This statement made no service calls.</p>')


def states_of(page: Page) -> list[State]:
    """What the slider can choose, the run as it was first."""
    written = "as written" if page.run.clock == "virtual" else "as written, measured"
    states = [State(label=written, run=page.run, drawing=drawing(page.run.line, "s0"))]
    for number, run in enumerate(page.grid, 1):
        states.append(State(label=f"{wording.plural(run.size or 0, 'row')} a batch", run=run, drawing=drawing(run.line, f"s{number}")))
    return states


def figures(run: Run) -> dict[str, str]:
    """The figures of a run in words, by the names that the template and the script give their places."""
    found = run.figures
    return {
        "wall": wording.duration(found.wall), "first": wording.duration(found.first_row), "calls": wording.count(found.calls),
        "batches": wording.count(found.batches), "retries": wording.count(found.retries), "bill": wording.money(found.amount, found.currency),
        "line": summary(run.line),
    }  # fmt: skip


def script_json(value: object) -> Markup:
    """JSON inside a script element, which no text in it can end."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def machine_readable(page: Page) -> list[dict[str, object]]:
    """The figures of all runs, for programs."""
    return [
        {"batch_size": run.size, "clock": run.clock, "wall_ms": run.figures.wall, "first_row_ms": run.figures.first_row, "calls": run.figures.calls,
         "batches": run.figures.batches, "retries": run.figures.retries, "amount": run.figures.amount, "currency": run.figures.currency}
        for run in (page.run, *page.grid)
    ]  # fmt: skip


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters.update(
        duration=wording.duration, count=wording.count, share=wording.share, cost=wording.cost, misestimate=wording.misestimate, flat=flat,
        leaves=leaves, reasons=reasons,
        script_json=script_json, plural=wording.plural, telling=telling,
    )  # fmt: skip
    environment.globals.update(money=wording.money, rows_of=rows_of, time_words=TIME_WORDS, row_words=ROW_WORDS)
    return environment


def _source(name: str) -> Markup:
    return Markup((FOLDER / name).read_text(encoding="utf-8"))


def page_html(page: Page) -> str:
    """The page: one file that needs nothing else."""
    states = states_of(page)
    rows = rows_of(page.run.plan.root)
    html = _environment().get_template("page.html.j2").render(
        page=page, plan=page.run.plan, run=page.run, rows=rows, folded=len(rows) > FOLDED, states=states,
        figures=[{"label": state.label, "clock": state.run.clock, **figures(state.run)} for state in states], curve=Markup(curve(page.grid)),
        machine=machine_readable(page), style=_source("page.css"), script=_source("page.js"), selected=_heaviest(page.run.plan),
        marked=_batched(page.run.plan), title=_title(page.query),
    )  # fmt: skip
    return html.lstrip()


def fragment_html(plan: Plan, line: TimeLine | None = None, key: str = "auroraml") -> str:
    """A plan, and its calls where there are any, as HTML inside another page; it needs no script."""
    drawn = drawing(line, key) if line is not None and line.lanes else ""
    return (
        _environment()
        .get_template("fragment.html.j2")
        .render(plan=plan, rows=rows_of(plan.root), style=_source("fragment.css"), drawing=drawn, key=key)
    )


def document_html(document: Json, records: Sequence[CallRecord], key: str, drawn: int = DRAWN) -> str:
    """The fragment for an object of EXPLAIN's JSON and the calls that its run made."""
    plan = read_plan(document)
    calls = recorded(records, currency=str(plan.charges.get("Currency", "")), planning=plan.planning or 0.0, execution=plan.execution or 0.0)
    return fragment_html(plan, time_line(calls, plan.execution or 0.0, drawn), key)


def _heaviest(plan: Plan) -> int:
    """The node to show first: the one that takes most time itself, or costs most."""
    return max((node for node, _ in walk(plan.root)), key=lambda node: (node.actual.own if node.actual else 0.0, node.own_cost)).number


def _batched(plan: Plan) -> frozenset[int]:
    """The nodes that call services in batches."""
    return frozenset(node.number for node, _ in walk(plan.root) if "Batch Processing" in node.json)


def _title(query: str) -> str:
    words = " ".join(query.split())
    return words if len(words) <= 70 else words[:69] + "…"
