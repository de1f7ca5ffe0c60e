"""A package loaded once more from its source: apart from the running one, and the same each time."""

from __future__ import annotations

import sys

from auroraml.planner import physical
from auroraml.teach import observed


def test_the_copy_is_apart_from_the_running_modules() -> None:
    running = sys.modules["auroraml.planner.physical"]
    copy = observed.module("physical")
    assert copy.choose is not physical.choose and sys.modules["auroraml.planner.physical"] is running
    assert copy.choose.__globals__["Statement"] is observed.module("level.statement").Statement


def test_a_module_is_loaded_once_however_it_is_reached() -> None:
    assert observed.module("level.ledger").WATCHED is observed.module("level.relation").WATCHED


def test_classes_of_values_are_shared() -> None:
    assert observed.module("rules.pull_up_subqueries").Group is sys.modules["auroraml.planner.rules.join_items"].Group
