"""The report of a run: bars by subject, as one PNG and as one self-contained HTML page with the tables (`python -m benchmarks.report RESULTS.json`)."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import jinja2
import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure as Canvas

from benchmarks.figures import OURS, Figure, Json, figure_of

COLOURS = {OURS: "#d2691e", "postgresql": "#336791", "duckdb": "#b8a100", "stored": "#999999"}
LEAST = 1e-3  # what a logarithmic bar shows for 0
OTHERS = ("#6b8e6b", "#8a6fa8", "#999999", "#555555")
PAGE = jinja2.Template(
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>auroraml: benchmarks</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; } th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; } td.missed { color: #b00020; font-weight: 600; } td.met { color: #1b6e3a; }
svg { max-width: 100%; height: auto; } dl { display: grid; grid-template-columns: max-content auto; gap: .1rem 1rem; } dd { margin: 0; }
</style></head><body>
<h1>auroraml: benchmarks</h1>
<dl>{% for name, value in machine.items() %}<dt>{{ name }}</dt><dd>{{ value if value is not mapping else value.items() | map('join', ' ') | join(', ') }}</dd>{% endfor %}</dl>
<p>Medians; the smaller the better. All contestants of a case took turns in one run.</p>
{% for subject in subjects %}<h2>{{ subject.name }}</h2>
{{ subject.svg }}
<table><tr><th>case</th>{% for name in subject.contestants %}<th>{{ name }}</th>{% endfor %}<th>unit</th><th>ratio to the others</th><th>goals</th></tr>
{% for figure in subject.figures %}<tr><td>{{ figure.case }}</td>
{% for name in subject.contestants %}<td>{{ "%.4g" | format(figure.values[name]) if name in figure.values else "" }}</td>{% endfor %}
<td>{{ figure.unit }}</td><td>{% for name in figure.values if name != ours and ours in figure.values %}{{ "%.2f" | format(figure.ratio(name)) }} {% endfor %}</td>
<td class="{{ 'missed' if figure.missed() else 'met' }}">
{%- for goal in figure.goals %}at most {{ "%.3g" | format(goal.most) }} of {{ goal.over }}{{ ", " if not loop.last }}
{%- endfor %}
{{ "(missed)" if figure.missed() }}</td></tr>
{% endfor %}</table>{% endfor %}
</body></html>
""",
    autoescape=jinja2.select_autoescape(default_for_string=True),
)


def subjects(figures: Sequence[Figure]) -> list[tuple[str, list[Figure]]]:
    """The figures by subject and unit, in their order."""
    found: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        found.setdefault((figure.subject, figure.unit), []).append(figure)
    return [(name, group) for (name, _), group in found.items()]


def contestants(figures: Sequence[Figure]) -> list[str]:
    """Everybody who ran in any of the cases."""
    return list(dict.fromkeys(name for figure in figures for name in figure.values))


def draw(groups: Sequence[tuple[str, Sequence[Figure]]]) -> Canvas:
    """One panel a subject: a bar for each contestant of each case, on a logarithmic scale."""
    heights = [max(1.2, 0.13 * sum(len(figure.values) + 1 for figure in group)) for _, group in groups]
    canvas = Canvas(figsize=(10, sum(heights) + 0.7 * len(groups)), layout="constrained")
    panels = canvas.subplots(len(groups), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
    for panel, (name, group) in zip(panels, groups, strict=True):
        others = iter(OTHERS * 4)
        colours = {who: COLOURS.get(who) or next(others) for who in contestants(group)}
        at = 0.0
        ticks = []
        for figure in group:
            for place, (who, value) in enumerate(figure.values.items()):
                panel.barh(at + place, max(value, LEAST), height=0.85, color=colours[who], label=who)
            ticks.append(at + (len(figure.values) - 1) / 2)
            at += len(figure.values) + 1
        panel.set_yticks(ticks, [figure.case for figure in group], fontsize=7)
        panel.set_xscale("log")
        panel.set_xlim(left=max(min(min(figure.values.values()) for figure in group), LEAST) / 3)
        panel.invert_yaxis()
        panel.margins(y=0.01)
        panel.grid(axis="x", alpha=0.3)
        panel.set_title(f"{name}, {group[0].unit} (logarithmic)", loc="left", fontsize=10)
        handles, labels = panel.get_legend_handles_labels()
        first = dict(zip(reversed(labels), reversed(handles), strict=True))
        panel.legend([first[who] for who in colours], list(colours), fontsize=7, loc="lower right")
    return canvas


def svg(name: str, figures: Sequence[Figure]) -> str:
    """The panel of one subject, to be put into a page."""
    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        draw([(name, figures)]).savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue().partition("<svg")[1] + text.getvalue().partition("<svg")[2]


def page(report: Json, figures: Sequence[Figure]) -> str:
    """The HTML page; nothing in it is fetched from anywhere."""
    parts = [
        {"name": name, "svg": Markup(svg(name, group)), "figures": group, "contestants": contestants(group)} for name, group in subjects(figures)
    ]
    return str(PAGE.render(machine=report["machine"], subjects=parts, ours=OURS))


def write(report: Json, figures: Sequence[Figure], out: Path) -> None:
    """OUT.html and OUT.png."""
    out.with_suffix(".html").write_text(page(report, figures), encoding="utf-8")
    draw(subjects(figures)).savefig(out.with_suffix(".png"), dpi=110)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    read = json.loads(path.read_text(encoding="utf-8"))
    write(read, [figure_of(found) for found in read["figures"]], path)
