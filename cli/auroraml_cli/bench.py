"""auroraml-sql bench: a scenario run over its grid with a progress bar, its results written and drawn; and two runs compared."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from auroraml.errors import DatabaseError
from auroraml.lazy import load
from auroraml.scenarios.findings import Verdict, check, lines_of, place, shown, verdicts
from auroraml.scenarios.measuring import Options, Unmeasured, measured
from auroraml.scenarios.results import Results, compared, read, results_of, write
from auroraml.scenarios.scenario import CLOCKS, Scenario, Value, find, shipped

PROGRAM = "auroraml-sql bench"
PATH = click.Path(path_type=Path)
COMPARE = "compare"
WIDE = 200  # places of a line that no terminal cuts


def run(arguments: Sequence[str]) -> int:
    """The program; its exit code: 0 done, 1 a statement failed, a comparison found something slower or a claim does not hold, 2 a wrong command line."""
    try:
        if arguments and arguments[0] == COMPARE:
            with _COMPARE.make_context(f"{PROGRAM} {COMPARE}", list(arguments[1:])) as context:
                return _compare(**context.params)
        with _BENCH.make_context(PROGRAM, list(arguments)) as context:
            return _bench(**context.params)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        Console(stderr=True, highlight=False).print(
            f'{PROGRAM}: {error.format_message()}\nTry "{PROGRAM} --help" for more information.', markup=False
        )
        return 2
    except (ValueError, OSError) as error:
        Console(stderr=True, highlight=False).print(f"{PROGRAM}: error: {error}", markup=False, soft_wrap=True)
        return 2
    except Unmeasured as error:
        Console(stderr=True, highlight=False).print(f"{PROGRAM}: {error}", markup=False, soft_wrap=True)
        return 1
    except DatabaseError as error:
        Console(stderr=True, highlight=False).print(f"{PROGRAM}: ERROR:  {error}", markup=False, soft_wrap=True)
        return 1


def _bench(
    scenarios: tuple[str, ...], list_scenarios: bool, clock: str, repeat: int, services: str | None, config: Path | None, only: tuple[str, ...],
    out: Path | None, report: bool, quiet: bool,
) -> int:  # fmt: skip
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    if list_scenarios or not scenarios:
        _list(console)
        return 0
    if services == "aws" and clock != "real":
        raise ValueError("--services aws needs --clock real: Amazon cannot be called in virtual time")
    chosen = [narrowed(find(name), only) for name in scenarios]
    for scenario in chosen:
        check(scenario)
    options = Options(clock=clock, repeat=repeat, services=services, config=config)
    runs = []
    for scenario in chosen:
        results = _measured(scenario, options, quiet)
        told = _judged(console, scenario, results)
        runs.append((results, told))
        if not quiet:
            _show(console, results, told)
        target = _target(out, scenario, alone=len(chosen) == 1)
        write(results, target)
        if report:
            target.with_name(target.name + ".png").write_bytes(_report().draw(results))
            target.with_name(target.name + ".html").write_text(_report().page([(results, told)]), encoding="utf-8")
        console.print(f"written to {target}.json, .parquet{', .html, .png' if report else ''}", soft_wrap=True)
    if report and len(runs) > 1:
        together = _target(out, None, alone=True)
        together.with_name(together.name + ".html").write_text(_report().page(runs, "Aurora machine learning, measured"), encoding="utf-8")
        console.print(f"all of them in {together}.html", soft_wrap=True)
    return 0 if all(verdict.holds for _, told in runs for verdict in told) else 1


def _judged(console: Console, scenario: Scenario, results: Results) -> list[Verdict]:
    """What came of each claim; one that the points of this run cannot show (--only) is named."""
    told = list[Verdict]()
    for claim in scenario.claims:
        try:
            told += verdicts(replace(scenario, claims=[claim]), results)
        except ValueError as error:
            console.print(f"not judged: {claim.says or claim.kind}: {error}", soft_wrap=True, markup=False)
    return told


def _report() -> Any:
    """The report's module, which draws with matplotlib; ValueError where that is not installed."""
    try:
        return load("auroraml.scenarios.report")
    except ModuleNotFoundError as error:
        raise ValueError(f"the report needs {error.name}: pip install 'auroraml[reports]', or --no-report") from error


def _target(out: Path | None, scenario: Scenario | None, *, alone: bool) -> Path:
    """Where a scenario's results go: OUT where there is one scenario, OUT-NAME where there are several."""
    base = out or Path("bench-results") / time.strftime("%Y%m%d-%H%M%S")
    base.parent.mkdir(parents=True, exist_ok=True)
    if scenario is None or (alone and out is not None):
        return base
    return base.with_name(f"{base.name}-{scenario.name}")


def narrowed(scenario: Scenario, only: Sequence[str]) -> Scenario:
    """The scenario with other values in its grid (NAME=VALUE[,VALUE...]); ValueError for a name it does not have."""
    grid: dict[str, Sequence[Value]] = dict(scenario.grid)
    for item in only:
        name, _, values = item.partition("=")
        if name not in grid or not values:
            raise ValueError(f"{item!r}: it is NAME=VALUE,... with one of {', '.join(grid)}")
        grid[name] = [_value(value) for value in values.split(",")]
    return replace(scenario, grid=grid)


def _value(text: str) -> Value:
    for kind in (int, float):
        try:
            return kind(text.replace("_", ""))
        except ValueError:
            continue
    return text


def _list(console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("scenario", "title", "points"):
        table.add_column(heading)
    for name in shipped():
        scenario = find(name)
        table.add_row(name, scenario.title, str(sum(1 for _ in scenario.points())))
    console.print(table)
    console.print(f'Run one with "{PROGRAM} NAME", or a TOML file of your own with "{PROGRAM} FILE.toml".', soft_wrap=True)


def _measured(scenario: Scenario, options: Options, quiet: bool) -> Results:
    """All of the grid, with a bar on the standard error of a terminal."""
    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.fields[scenario]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[now]}", style="dim"),
    )
    total = sum(1 for _ in scenario.points()) * len(scenario.measures)
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=total, scenario=scenario.name, now="")
        outcomes = []
        for outcome in measured(scenario, options, lambda now: progress.update(task, now=now)):
            outcomes.append(outcome)
            progress.advance(task)
    return results_of(scenario, outcomes, options)


def _show(console: Console, results: Results, told: Sequence[Verdict]) -> None:
    """Each line's knee and best, and the verdicts."""
    console.print(f"\n{results.title}", style="bold")
    for measure in results.measures():
        lines = lines_of(results, measure)
        several = len(lines) > 1
        headings = [*(["line"] if several else []), "knee", "best", "throughput", "time", "requests", "charges"]
        table = Table(
            box=None, pad_edge=False, title=f"{measure}, by {results.along}" if results.along else measure, title_justify="left", title_style="italic"
        )
        for heading in headings:
            table.add_column(heading, justify="left" if heading == "line" else "right", no_wrap=True)
        for line in lines:
            best = line.best
            amount = "no price" if best["amount"] is None else f"{float(str(best['amount'])):.3g} {best['currency']}".strip()
            figures = (shown(best["throughput"], "throughput"), shown(best["seconds"], "seconds"), shown(best["calls"], "calls"), amount)
            table.add_row(*([line.name] if several else []), place(line.knee[results.along]), place(best[results.along]), *figures)
        console.print(table)
    for verdict in told:
        style, word = ("green", "holds") if verdict.holds else ("red", "does not hold")
        console.print(f"[{style}]{word}[/]: {verdict.says}", soft_wrap=True)
        console.print(f"  {verdict.because}", soft_wrap=True, markup=False)


def _compare(before: Path, after: Path, beyond: float) -> int:
    console = Console(highlight=False)
    first, second = read(before), read(after)
    if first.machine.get("clock") != second.machine.get("clock"):
        raise ValueError("one run is in virtual time and the other in real time")
    found = compared(first, second)
    if not found:
        raise ValueError("the two runs have no case in common")
    table = Table(box=None, pad_edge=False)
    table.add_column("case")
    for heading in ("before", "after", "times"):
        table.add_column(heading, justify="right")
    for change in found:
        if change.factor > beyond or change.factor < 1 / beyond:
            table.add_row(change.case, shown(change.before, "seconds"), shown(change.after, "seconds"), f"{change.factor:.2f}")
    slower = sum(change.factor > beyond for change in found)
    if table.row_count:
        console.print(table)
    console.print(f"{len(found)} cases: {slower} slower, {table.row_count - slower} quicker, {len(found) - table.row_count} within {beyond:g} times")
    return 1 if slower else 0


_BENCH = click.Command(
    PROGRAM,
    help="Run scenarios: those that come with auroraml (--list), or TOML files. Virtual time shows what the endpoint models would take, without waiting.",
    params=[
        click.Argument(["scenarios"], nargs=-1),
        click.Option(["-l", "--list", "list_scenarios"], is_flag=True, help="The scenarios that come with auroraml."),
        click.Option(
            ["--clock"], type=click.Choice(CLOCKS), default="virtual", show_default=True, help="Virtual time, or real time with real waiting."
        ),
        click.Option(
            ["--repeat"], type=click.IntRange(min=1), default=1, show_default=True, help="Runs of each measure, of which the median counts."
        ),
        click.Option(
            ["--services"], type=click.Choice(["embedded", "aws"]), help="Who answers: the scenario's models, or Amazon (with --clock real)."
        ),
        click.Option(["--config"], type=PATH, help="A configuration file, as of auroraml-sql --config, beneath what the scenario says."),
        click.Option(["--only"], multiple=True, metavar="NAME=VALUE,...", help="Other values of one of the grid's names."),
        click.Option(["-o", "--out"], type=PATH, help="Results go to OUT.json, .parquet, .html and .png (default: bench-results/TIME-NAME)."),
        click.Option(["--report/--no-report"], default=True, help="Whether to draw (needs matplotlib: the extra reports)."),
        click.Option(["-q", "--quiet"], is_flag=True, help="No bar and no tables."),
    ],
)
_COMPARE = click.Command(
    f"{PROGRAM} {COMPARE}",
    help="What became slower between two runs (.json or .parquet).",
    params=[
        click.Argument(["before"], type=PATH),
        click.Argument(["after"], type=PATH),
        click.Option(["--beyond"], type=click.FloatRange(min=1), default=1.1, show_default=True, help="The factor from which a change is told."),
    ],
)
