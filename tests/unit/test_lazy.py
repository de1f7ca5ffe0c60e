"""What is loaded on first use: stand-ins for functions, and modules of other distributions."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import linecache
import py_compile
import re
import subprocess
import sys
from pathlib import Path

import pytest

from auroraml import lazy
from auroraml.lazy import Later, pattern

MODULE = """
print("loaded")
SIZE = 3

class Made:
    pass

def grow(by):
    return SIZE + by

def broken():
    return absent
"""
USER = """
from kept import Made, grow
import kept

def grown(by):
    return grow(by)

def is_made(value):
    return isinstance(value, Made)
"""
BEGINNING = "import sys; sys.path.insert(0, sys.argv[1]); from auroraml import lazy; lazy.DEFERRED |= {'kept'}; lazy.OURS = ('user',); import user; print('begun');"


def run(folder: Path, script: str, module: str = MODULE) -> list[str]:
    """What `script` prints, in a process of its own that defers the module."""
    (folder / "kept.py").write_text(module, encoding="utf-8")
    (folder / "user.py").write_text(USER, encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", BEGINNING + script, str(folder)], capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:-1]


def test_a_body_runs_once_when_something_is_called(tmp_path: Path) -> None:
    script = "print(user.grown(1), user.grown(2), user.grow is sys.modules['kept'].grow, type(user.kept), user.kept.SIZE)"
    assert run(tmp_path, script) == ["begun", "loaded", "4 5 True <class 'module'> 3"]


def test_instances_are_known_by_a_class_that_is_not_loaded(tmp_path: Path) -> None:
    assert run(tmp_path, "print(user.is_made(1)); print(user.is_made(user.Made()))") == ["begun", "loaded", "False", "True"]


def test_what_is_set_before_the_body_ran_stays(tmp_path: Path) -> None:
    assert run(tmp_path, "user.kept.SIZE = 10; print(user.grown(1))") == ["begun", "loaded", "11"]


def test_others_are_given_the_thing_itself(tmp_path: Path) -> None:
    assert run(tmp_path, "from kept import SIZE; print(SIZE, user.grown(1))") == ["begun", "loaded", "3 4"]


def test_threads_that_call_at_once_run_the_body_once(tmp_path: Path) -> None:
    script = "from threading import Thread; threads = [Thread(target=user.grown, args=(1,)) for _ in range(8)]; "
    script += "[thread.start() for thread in threads]; [thread.join() for thread in threads]; print(user.grown(1))"
    assert run(tmp_path, script, "import time\ntime.sleep(0.05)\n" + MODULE) == ["begun", "loaded", "4"]


def test_a_body_that_fails_is_tried_again(tmp_path: Path) -> None:
    module = "import os\nif 'READY' not in os.environ:\n    raise ValueError('not yet')\n" + MODULE
    script = "\ntry:\n    user.grown(1)\nexcept ValueError as error:\n    print(error)\nimport os\nos.environ['READY'] = '1'\nprint(user.grown(1))"
    assert run(tmp_path, script, module) == ["begun", "not yet", "loaded", "4"]


def test_a_module_of_another_distribution() -> None:
    later = Later("colorsys")
    assert "rgb_to_hsv" not in later.__dict__
    assert later.rgb_to_hsv(0, 0, 0) == (0, 0, 0)
    assert type(later).__name__ == "module"
    with pytest.raises(AttributeError):
        later.absent  # noqa: B018 # looked up, and not there


def test_patterns_are_compiled_when_they_are_used() -> None:
    digits = pattern(r"(\d+)x", re.I)
    assert "match" not in vars(digits)
    assert digits.fullmatch("12X") and not digits.match("x")
    assert "match" in vars(digits)
    assert digits.sub(r"<\1>", "1x 22X") == "<1> <22>"
    assert (digits.pattern, digits.groups) == (r"(\d+)x", 1)


def test_modules_of_folders_are_found_swiftly_and_are_always_what_their_source_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "swiftly"
    (package / "inner").mkdir(parents=True)
    for name, text in (("__init__", ""), ("one", "value = 1"), ("inner/__init__", "value = 2"), ("inner/two", "value = 3")):
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    finders = list(sys.meta_path)

    def values() -> list[int]:
        linecache.clearcache()
        for name in [name for name in sys.modules if name.partition(".")[0] == "swiftly"]:
            del sys.modules[name]
        with lazy.swift():
            found = [importlib.import_module(f"swiftly.{name}") for name in ("one", "inner", "inner.two")]
            with pytest.raises(ModuleNotFoundError, match=r"No module named 'swiftly\.three'"):
                importlib.import_module("swiftly.three")
        for module in found:
            assert module.__spec__ is not None
            assert module.__spec__.origin == module.__file__
            assert module.__spec__.cached == module.__cached__ == importlib.util.cache_from_source(str(module.__file__))
            assert inspect.getsource(module).startswith("value")
        return [module.value for module in found]

    assert values() == [1, 2, 3]  # no bytecode yet
    assert (package / "__pycache__" / f"one.{sys.implementation.cache_tag}.pyc").exists()
    assert values() == [1, 2, 3]
    (package / "one.py").write_text("value = 10", encoding="utf-8")
    assert values() == [10, 2, 3]
    py_compile.compile(str(package / "one.py"), invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    assert values() == [10, 2, 3]
    (package / "one.py").write_text("value = 11" + " # long" * 20_000, encoding="utf-8")
    assert values() == [11, 2, 3]
    (package / "one.py").write_text(f"value = len({'x' * 100_000!r})", encoding="utf-8")  # more bytecode than is read at once
    assert values() == [100_000, 2, 3]
    assert values() == [100_000, 2, 3]
    assert sys.meta_path == finders
