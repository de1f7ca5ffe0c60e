"""The page of a statement in a browser: the slider shows the grid's values, the tree is walked by keys, both themes, no network, no script errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from auroraml_cli.client import Embedded
from auroraml_cli.picturing import Asked

import auroraml
from auroraml.database import Database
from auroraml.teach.page.asking import Wish, ask_for_page
from auroraml.teach.page.rendering import figures, page_html
from auroraml.teach.page.run import Page
from tests.browser.tab import Browser, Tab, opened

SETUP = """
CREATE EXTENSION aws_ml CASCADE;
CREATE FUNCTION score(a int, max_rows_per_batch int DEFAULT 20) RETURNS real
  AS $$ SELECT aws_sagemaker.invoke_endpoint('model', max_rows_per_batch, a)::real $$ LANGUAGE SQL PARALLEL SAFE COST 5000;
CREATE TABLE t AS SELECT g AS a, g % 4 AS b FROM generate_series(1, 200) g;
ALTER TABLE t SET (parallel_workers = 2);
ANALYZE t;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET auroraml.clock = 'virtual';
"""
QUERY = "SELECT b, avg(score(a)) FROM t GROUP BY b"


@pytest.fixture(scope="module")
def page() -> Page:
    model = auroraml.endpoints.Callable(
        lambda table: pa.array([0.5] * table.num_rows, pa.float32()), instances=2, concurrency=1, latency={"base": 0.02, "per_row": 0.0005}
    )
    with Database(endpoints={"model": model}) as database:
        client = Embedded(database, database.session(user="rdsadmin"))
        for _ in client.run(SETUP):
            pass
        return ask_for_page(Asked(client), QUERY, Wish(sizes=(5, 20, 100)))


@pytest.fixture(scope="module")
def file(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "plan.html"
    path.write_text(page_html(page), encoding="utf-8")
    return path


@pytest.fixture
def shown(browser: Browser, file: Path) -> Iterator[Tab]:
    with opened(browser) as tab:
        tab.page.goto(file.as_uri())
        yield tab
        assert tab.errors == []
        assert tab.requests == [file.as_uri()]


def test_the_slider_shows_what_the_grid_has(shown: Tab, page: Page) -> None:
    slider = shown.page.locator("#size")
    slider.focus()
    seen = set()
    for number, run in enumerate(page.grid, 1):
        slider.press("ArrowRight")
        assert slider.input_value() == str(number)
        assert shown.page.inner_text("#size-label") == f"{run.size} rows a batch"
        words = figures(run)
        for name in ("wall", "first", "calls", "retries", "bill"):
            assert shown.page.inner_text(f"#figures [data-figure={name}]") == words[name]
        assert shown.page.inner_text("#line") == words["line"]
        assert shown.page.locator("#chart .ga-bar").count() == sum(len(lane.bars) for lane in (*run.line.workers, *run.line.instances))
        assert shown.page.locator("#chart .ga-queued").count() == sum(call.queued > 0 for call in run.line.calls)
        assert shown.page.locator(".cu-point.on").count() == 2
        seen.add((words["wall"], words["calls"], shown.page.inner_html("#chart")))
    assert len(seen) == len(page.grid) == 3
    slider.press("Home")
    assert shown.page.inner_text("#figures [data-figure=calls]") == str(page.run.figures.calls)


def test_a_point_of_the_curve_moves_the_slider(shown: Tab, page: Page) -> None:
    shown.page.locator(".cu-wall-point").nth(2).click(force=True)  # the line of the first row may lie over it
    assert shown.page.input_value("#size") == "3"
    assert shown.page.inner_text("#figures [data-figure=wall]") == figures(page.grid[2])["wall"]


def test_rows_of_the_tree_are_walked_and_folded_by_keys(shown: Tab) -> None:
    keys, rows = shown.page.keyboard, shown.page.locator(".tree:not(.small) tbody tr")
    count = rows.count()
    rows.first.click()
    title = rows.first.locator(".name span").inner_text()
    assert shown.page.locator("#details article:visible h3").all_inner_texts() == [title]
    keys.press("ArrowDown")
    chosen = shown.page.locator(".tree tr[aria-selected=true]")
    assert chosen.count() == 1 and chosen.get_attribute("data-node") == "2"
    assert shown.page.locator("#details article:visible").get_attribute("id") == "d2"
    keys.press("ArrowLeft")
    assert shown.page.locator(".tree:not(.small) tbody tr:visible").count() == 2
    keys.press("ArrowRight")
    assert shown.page.locator(".tree:not(.small) tbody tr:visible").count() == count
    keys.press("End")
    assert chosen.get_attribute("data-node") == str(count)


def test_a_call_tells_about_itself(shown: Tab, page: Page) -> None:
    shown.page.locator("#chart .ga-bar").first.hover()
    text = shown.page.inner_text("#tip")
    call = page.run.line.workers[0].bars[0].call
    assert text.startswith("SageMaker InvokeEndpoint model\n") and f"batch {call.batch}, " in text
    shown.page.mouse.move(5, 5)
    assert not shown.page.locator("#tip").is_visible()


def test_the_bill_leads_to_its_node(shown: Tab) -> None:
    link = shown.page.locator("[data-goto]").first
    link.click()
    chosen = shown.page.locator(".tree tr[aria-selected=true]")
    assert chosen.get_attribute("data-node") == link.get_attribute("data-goto")


def test_the_plan_can_be_saved(shown: Tab, page: Page, tmp_path: Path) -> None:
    with shown.page.expect_download() as started:
        shown.page.click("#download")
    path = tmp_path / "saved.json"
    started.value.save_as(path)
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(page.document)


def luminance(color: str) -> float:
    return sum(float(part) for part in re.findall(r"[\d.]+", color)[:3])


def test_light_and_dark(browser: Browser, file: Path) -> None:
    def ground_and_ink(tab: Tab) -> tuple[float, float]:
        ground, ink = tab.page.evaluate("(() => { const s = getComputedStyle(document.body); return [s.backgroundColor, s.color] })()")
        return luminance(ground), luminance(ink)

    for dark in (False, True):
        with opened(browser, dark=dark) as tab:
            tab.page.goto(file.as_uri())
            ground, ink = ground_and_ink(tab)
            assert (ground < 150 < 600 < ink) if dark else (ink < 150 < 600 < ground)
            tab.page.click("#theme")
            ground, ink = ground_and_ink(tab)
            assert (ground < ink) is not dark


def test_nothing_is_cut_off_at_common_widths(browser: Browser, file: Path) -> None:
    with opened(browser) as tab:
        tab.page.goto(file.as_uri())
        for width in (1920, 1280, 1024, 480):
            tab.page.set_viewport_size({"width": width, "height": 900})
            assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
