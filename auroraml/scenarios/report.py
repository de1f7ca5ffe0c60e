"""Report: a run's results as one self-contained HTML page and one PNG: curves with their knees, surfaces, verdicts, the figures themselves."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import jinja2
import matplotlib as mpl
import matplotlib.colors
import matplotlib.image
import matplotlib.ticker
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from auroraml.scenarios.findings import NEAR, Line, Verdict, lines_of, place, shown
from auroraml.scenarios.results import METRICS, Results

TITLES = {
    "throughput": "throughput", "seconds": "time of the whole", "first_row": "time to the first row", "statement_p95": "95th percentile of one statement",
    "calls": "requests", "amount": "charges",
}  # fmt: skip
SURFACES = ("throughput", "seconds", "amount")
COLUMNS = (
    "throughput",
    "seconds",
    "first_row",
    "statement_p50",
    "statement_p95",
    "calls",
    "retries",
    "failures",
    "call_p50",
    "call_p95",
    "amount",
    "amount_per_row",
)
STYLE = {"svg.hashsalt": "auroraml", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3}
TEMPLATE = Path(__file__).parent / "report.html.j2"


def unit_of(results: Results, metric: str) -> str:
    """A metric's unit; that of charges is the bill's currency."""
    return next((str(row["currency"]) for row in results.rows if row["currency"]), "") if metric.startswith("amount") else METRICS[metric]


def metrics_of(lines: Sequence[Line]) -> list[str]:
    """The metrics worth a curve: those that are there, and vary."""
    found = []
    for metric in TITLES:
        values = [value for line in lines for value in line.values(metric) if not math.isnan(value)]
        single = metric == "statement_p95" and all(row["executions"] == 1 for line in lines for row in line.rows)
        if values and max(values) > min(values) and not single:
            found.append(metric)
    return found


def _numeric(line: Line) -> bool:
    return all(isinstance(place, int | float) and place > 0 for place in line.places)


def curve(axes: Axes, results: Results, lines: Sequence[Line], metric: str) -> None:
    """A metric along the axis, a line for each; on throughput's the knees are marked."""
    numeric = all(_numeric(line) for line in lines)
    for line in lines:
        at = line.places if numeric else list(range(len(line.places)))
        (drawn,) = axes.plot(at, line.values(metric), marker="o", markersize=3.5, label=line.name)
        if metric == "throughput" and len(line.rows) > 1:
            place = line.rows.index(line.knee)
            axes.plot([at[place]], [line.values(metric)[place]], "o", markersize=9, markerfacecolor="none", color=drawn.get_color())
    if numeric:
        axes.set_xscale("log")
        axes.set_xticks(sorted({place for line in lines for place in line.places}))
        axes.get_xaxis().set_major_formatter(matplotlib.ticker.FuncFormatter(lambda x, _: f"{x:,g}"))
        axes.get_xaxis().set_minor_locator(matplotlib.ticker.NullLocator())
        axes.tick_params(axis="x", rotation=45)
    else:
        axes.set_xticks(range(len(lines[0].places)), [str(place) for place in lines[0].places])
    values = [value for line in lines for value in line.values(metric) if value > 0]
    if values and max(values) > 20 * min(values):
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.set_xlabel(results.along)
    unit = unit_of(results, metric)
    axes.set_title(f"{TITLES[metric]}{f', {unit}' if unit else ''}", loc="left")
    if len(lines) > 1:
        axes.legend(fontsize=7)


def surface(axes: Axes, results: Results, rows: Sequence[dict[str, object]], metric: str) -> None:
    """A metric over the axis and the lines' name, the figure written into each field."""
    across, down = list(results.grid[results.along]), list(results.grid[results.lines])
    field = np.full((len(down), len(across)), np.nan)
    for row in rows:
        if row[metric] is not None:
            field[down.index(row[results.lines]), across.index(row[results.along])] = float(str(row[metric]))  # type: ignore[arg-type] # the grid's values
    positive = field[field > 0]
    wide = positive.size and positive.max() > 20 * positive.min()
    norm = mpl.colors.LogNorm(positive.min(), positive.max()) if wide else mpl.colors.Normalize(np.nanmin(field), np.nanmax(field))
    axes.imshow(field, aspect="auto", norm=norm, cmap="viridis" if metric == "throughput" else "viridis_r", origin="lower")
    axes.grid(visible=False)
    for (y, x), value in np.ndenumerate(field):
        if not np.isnan(value):
            axes.text(x, y, _short(value), ha="center", va="center", fontsize=7, color="white" if _dark(norm(value), metric) else "black")
    axes.set_xticks(range(len(across)), [place(value) for value in across])
    axes.set_yticks(range(len(down)), [place(value) for value in down])
    axes.set_xlabel(results.along)
    axes.set_ylabel(results.lines)
    unit = unit_of(results, metric)
    axes.set_title(f"{TITLES[metric]}{f', {unit}' if unit else ''}", loc="left")


def _dark(place: float, metric: str) -> bool:
    """Whether a field at this place of the colours' scale wants white letters."""
    return (place if metric == "throughput" else 1 - place) < 0.55


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def panels(results: Results, measure: str) -> Iterator[Canvas]:
    """The drawings of one measure: its curves, then its surfaces."""
    lines = lines_of(results, measure)
    metrics = metrics_of(lines)
    if metrics and any(len(line.rows) > 1 for line in lines):
        across = min(3, len(metrics))
        down = -(-len(metrics) // across)
        canvas = Canvas(figsize=(4.2 * across, 3.2 * down), layout="constrained")
        every = canvas.subplots(down, across, squeeze=False).ravel()
        for axes, metric in zip(every, metrics, strict=False):
            curve(axes, results, lines, metric)
        for axes in every[len(metrics) :]:
            axes.set_axis_off()
        yield canvas
    if (
        results.lines
        and min(len(results.grid[results.along]), len(results.grid[results.lines])) > 1
        and len(lines) == len(results.grid[results.lines])
    ):
        rows = [dict(row) for line in lines for row in line.rows]
        wanted = [metric for metric in SURFACES if metric in metrics]
        if wanted:
            canvas = Canvas(figsize=(4.6 * len(wanted), 0.8 + 0.45 * len(results.grid[results.lines]) + 0.6), layout="constrained")
            for axes, metric in zip(canvas.subplots(1, len(wanted), squeeze=False).ravel(), wanted, strict=True):
                surface(axes, results, rows, metric)
            yield canvas


def _svg(canvas: Canvas) -> Markup:
    text = io.StringIO()
    canvas.savefig(text, format="svg", metadata={"Date": None})
    return Markup("<svg" + text.getvalue().partition("<svg")[2])


def page(runs: Sequence[tuple[Results, Sequence[Verdict]]], title: str = "") -> str:
    """The HTML page of one or several scenarios; nothing in it is fetched from anywhere."""
    parts = []
    for results, verdicts in runs:
        with mpl.rc_context(STYLE):
            measures = [
                {"name": name, "drawings": [_svg(canvas) for canvas in panels(results, name)], "lines": lines_of(results, name)}
                for name in results.measures()
            ]
        columns = [name for name in COLUMNS if any(row[name] for row in results.rows)]
        if all(row["executions"] == 1 for row in results.rows):
            columns = [name for name in columns if not name.startswith("statement")]
        parts.append({"results": results, "verdicts": verdicts, "measures": measures, "columns": columns})
    template = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(TEMPLATE.read_text(encoding="utf-8"))
    return str(template.render(title=title or runs[0][0].title, parts=parts, near=NEAR, shown=shown))


def draw(results: Results) -> bytes:
    """All drawings of a run below one another, as PNG."""
    with mpl.rc_context(STYLE):
        images = []
        for name in results.measures():
            for canvas in panels(results, name):
                canvas.suptitle(f"{results.title}: {name}", x=0.01, ha="left", fontsize=11)
                canvas.set_dpi(110)
                buffer = io.BytesIO()
                canvas.savefig(buffer, format="png", dpi=110)
                images.append(mpl.image.imread(io.BytesIO(buffer.getvalue()))[..., :3])
    if not images:
        images = [np.ones((40, 400, 3), np.float32)]
    width = max(image.shape[1] for image in images)
    padded = [np.pad(image, ((0, 0), (0, width - image.shape[1]), (0, 0)), constant_values=1.0) for image in images]
    out = io.BytesIO()
    mpl.image.imsave(out, np.concatenate(padded), format="png")
    return out.getvalue()
