"""What pyproject.toml cannot say: with AURORAML_COMPILE=1 mypyc compiles parser, planner, batches, operators and the simulator's loops; without it no compiler is needed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from setuptools import setup

BUILDING = {"bdist_wheel", "build", "build_ext"}  # commands that want the modules: those that only ask about the project do not wait for mypyc
COMPILED = ("auroraml/planner", "auroraml/sql")
# What runs: a group of its own, so that a change here does not have the planner's C compiled anew. A class's subclasses are compiled with it.
# The other modules of evaluate make evaluators, which carry marks (calling.mark_safe), and a compiled function inside another takes no attributes; a weak
# reference to one is a crash once it is gone (mypyc 2.4). executor.matching fills a __dict__, executor.loops is a Mapping.
RUNNING = ("auroraml/batch", "auroraml/executor/operators")
RUNNERS = tuple(f"auroraml/executor/{name}.py" for name in ("indexes", "key_codes", "operator", "plans", "running", "shares"))
CALLING = tuple(f"auroraml/evaluate/{name}.py" for name in ("call", "keys"))
# What mypyc cannot compile: functions registered for a class by their annotation, and records of auroraml.records.
SUBCLASSED = ("auroraml/sql/cursor.py", "auroraml/sql/grammar.py")  # by PL/pgSQL's parser, which is not compiled
# Loops over calls, of which there may be ten million.
LOOPS = tuple(f"auroraml/teach/simulate/{name}.py" for name in ("courses", "line", "pairs", "swift", "trials"))
# A call from one module to another needs no table: nobody replaces functions of a group from outside. The interpreter's are called by their addresses.
DIRECT = ["-fvisibility=hidden", "-fno-semantic-interposition", "-fno-plt"] if os.name == "posix" else []
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
    extensions = [extension for group in groups for extension in group]
    for extension in extensions:
        extension.extra_compile_args += DIRECT
    setup(ext_modules=extensions, options={"build_ext": {"parallel": os.cpu_count()}})
else:
    setup()
