"""What pyproject.toml cannot say: with AURORAML_COMPILE=1 mypyc compiles parser, planner, batches, operators and the simulator's loops; without it no compiler is needed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from setuptools import setup

BUILDING = {"bdist_wheel", "build", "build_ext"}  # commands that want the modules: those that only ask about the project do not wait for mypyc
COMPILED = ("auroraml/planner", "auroraml/sql")
# What runs: a group of its own, so that a change here does not have the planner's C compiled anew. A class's subclasses are compiled with it.
# The other modules of evaluate make evaluators, which calling.SAFE refers to weakly: a weak reference to a compiled function inside another is a crash
# once that function is gone (mypyc 2.4 clears their list as if it owned it). executor.matching fills a __dict__, executor.loops is a Mapping.
RUNNING = ("auroraml/batch", "auroraml/executor/operators")
RUNNERS = tuple(f"auroraml/executor/{name}.py" for name in ("indexes", "key_codes", "operator", "plans", "running", "shares"))
CALLING = tuple(f"auroraml/evaluate/{name}.py" for name in ("call", "keys"))
# What mypyc cannot compile: functions registered for a class by their annotation, and records of auroraml.records.
SUBCLASSED = ("auroraml/sql/cursor.py", "auroraml/sql/grammar.py")  # by PL/pgSQL's parser, which is not compiled
LOOPS = tuple(
    f"auroraml/teach/simulate/{name}.py" for name in ("courses", "line", "pairs", "swift", "trials")
)  # over calls, of which there may be ten million
LEFT_OUT = ("@singledispatch", "@by_class", "from auroraml.records import dataclass")


def modules(folders: tuple[str, ...]) -> list[str]:
    """The modules to compile in folders. Packages' own modules stay as they are: they only hold a docstring."""
    found = [path for folder in folders for path in sorted(Path(folder).rglob("*.py")) if path.name != "__init__.py" and str(path) not in SUBCLASSED]
    return [str(path) for path in found if not any(words in path.read_text(encoding="utf-8") for words in LEFT_OUT)]


if os.environ.get("AURORAML_COMPILE") == "1" and BUILDING.intersection(sys.argv):
    from mypyc.build import mypycify

    planned = ["auroraml/ir/tree.py", *LOOPS, *modules(COMPILED)]
    run = [*RUNNERS, *CALLING, *modules(RUNNING)]
    groups = [mypycify(["--config-file=pyproject.toml", *paths], opt_level="2", multi_file=True) for paths in (planned, run)]
    setup(ext_modules=[extension for group in groups for extension in group])
else:
    setup()
