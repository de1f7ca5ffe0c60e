"""The program's start: stand-ins for modules that are seldom used, and dataclasses that are made later."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

from auroraml_cli.start import SELDOM, spared

STAND_INS = """
import sys
from auroraml_cli.start import spared
with spared():
    from difflib import get_close_matches
    from gettext import gettext, ngettext
    from importlib.metadata import entry_points
    print("SequenceMatcher" in vars(sys.modules["difflib"]), get_close_matches("ab", ["abc", "x"]), "SequenceMatcher" in vars(sys.modules["difflib"]))
print("gettext" in sys.modules, "importlib.metadata" in sys.modules, gettext("a"), ngettext("one", "many", 2))
from importlib.metadata import version
print(callable(version), bool(entry_points()), get_close_matches("ab", ["abc"]))
"""


def test_seldom_used_modules_are_loaded_when_they_are_called() -> None:
    done = subprocess.run([sys.executable, "-c", STAND_INS], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["False ['abc'] True", "False False a many", "True True ['abc']"]


def test_nothing_of_them_is_left() -> None:
    script = "import sys; from auroraml_cli.start import SELDOM, spared; from auroraml.lazy import load\nwith spared(): load('auroraml_cli.main')\n"
    script += "print([name for name in ('gettext', 'subprocess', 'zoneinfo', 'email', *SELDOM) if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert set(SELDOM) == {"difflib", "importlib.metadata", "sqlglot.diff"}


def test_dataclasses_are_as_always() -> None:
    standard = dataclasses.dataclass
    with spared():

        @dataclasses.dataclass(frozen=True)
        class Point:
            x: int
            y: int = 2
            rest: list[int] = dataclasses.field(default_factory=list, compare=False)

    assert dataclasses.dataclass is standard
    assert Point(1) == Point(x=1, y=2, rest=[3]) != Point(1, 3)
    assert [field.name for field in dataclasses.fields(Point)] == ["x", "y", "rest"]
    assert repr(Point(1)).endswith("Point(x=1, y=2, rest=[])")
    assert dataclasses.replace(Point(1), y=5) == Point(1, 5)


ONE_THREAD = """
import os
from auroraml_cli.start import one_thread
with one_thread():
    import numpy
import threadpoolctl
print([library["num_threads"] for library in threadpoolctl.threadpool_info() if library["internal_api"] == "openblas"], os.environ.get("OPENBLAS_NUM_THREADS"))
"""


def test_linear_algebra_has_one_thread_unless_the_environment_says_otherwise() -> None:
    plain = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    for environment, found in ((plain, "[1] None"), ({**plain, "OPENBLAS_NUM_THREADS": "2"}, f"[{min(2, os.cpu_count() or 1)}] 2")):
        done = subprocess.run([sys.executable, "-c", ONE_THREAD], capture_output=True, text=True, check=True, env=environment)
        assert done.stdout == found + "\n"


WITHOUT_ARROW = """
import sys
from auroraml.lazy import load
from auroraml_cli.start import spared
with spared():
    run = load("auroraml_cli.main").run
for statement in ("SELECT 1, 2.50", "SELECT 'a' || n FROM generate_series(1, 2) AS n"):
    run(["-XAt", "-c", statement])
    print("pyarrow" in sys.modules)
import pyarrow
from auroraml.batch import vector
print(vector.pa.Array is pyarrow.Array)
"""


def test_arrow_is_loaded_when_it_is_used() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_ARROW], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["1|2.50", "False", "a1", "a2", "True", "True"]
