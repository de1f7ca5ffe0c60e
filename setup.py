"""What pyproject.toml cannot say: with AURORAML_COMPILE=1 mypyc compiles the parser, the planner and the simulator's loops into the wheel; without it no compiler is needed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from setuptools import setup

BUILDING = {"bdist_wheel", "build", "build_ext"}  # commands that want the modules: those that only ask about the project do not wait for mypyc
COMPILED = ("auroraml/planner", "auroraml/sql")
# What mypyc cannot compile: functions registered for a class by their annotation, and records of auroraml.records.
SUBCLASSED = ("auroraml/sql/cursor.py", "auroraml/sql/grammar.py")  # by PL/pgSQL's parser, which is not compiled
LOOPS = tuple(f"auroraml/teach/simulate/{name}.py" for name in ("courses", "swift", "trials"))  # over calls, of which there may be ten million
LEFT_OUT = ("@singledispatch", "@by_class", "from auroraml.records import dataclass")


def modules() -> list[str]:
    """The modules to compile. Packages' own modules stay as they are: they only hold a docstring."""
    found = [path for folder in COMPILED for path in sorted(Path(folder).rglob("*.py")) if path.name != "__init__.py" and str(path) not in SUBCLASSED]
    return ["auroraml/ir/tree.py", *LOOPS, *(str(path) for path in found if not any(words in path.read_text(encoding="utf-8") for words in LEFT_OUT))]


if os.environ.get("AURORAML_COMPILE") == "1" and BUILDING.intersection(sys.argv):
    from mypyc.build import mypycify

    setup(ext_modules=mypycify(["--config-file=pyproject.toml", *modules()], opt_level="2", multi_file=True))
else:
    setup()
