"""The compiled wheel, trained: built twice with GCC, the second time by what the first one did over the golden files. `python tools/trained_wheel.py`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT, DIST, SITE = ROOT / "build", ROOT / "dist", ROOT / "build" / "site"
WATCHED = "-fprofile-generate"
# What no golden file comes to is compiled as ever, not for size; workers may have lost a count
TRAINED = "-fprofile-use -fprofile-partial-training -fprofile-correction -Wno-missing-profile"


def build(flags: str, *, link: str = "") -> Path:
    """The wheel compiled with further flags, in place of the last one."""
    shutil.rmtree(DIST, ignore_errors=True)
    pip("wheel", "--no-build-isolation", "--wheel-dir", str(DIST), ".", AURORAML_COMPILE="1", CFLAGS=flags, LDFLAGS=link)
    return next(DIST.glob("auroraml-*.whl"))


def pip(command: str, *arguments: str, **environment: str) -> None:
    """pip, of this package alone."""
    subprocess.run([sys.executable, "-m", "pip", command, "--quiet", "--no-deps", *arguments], check=True, cwd=ROOT, env=os.environ | environment)


def train(wheel: Path) -> None:
    """Run the golden files on a wheel, in one process, which writes down at its end what ran how often."""
    pip("install", "--target", str(SITE), str(wheel))
    shutil.copytree(ROOT / "tests", SITE / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    play = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests/golden/test_golden.py"]
    subprocess.run(play, check=True, cwd=SITE, env=os.environ | {"PYTHONPATH": str(SITE)})


if __name__ == "__main__":
    shutil.rmtree(BUILT, ignore_errors=True)
    train(build(WATCHED, link=WATCHED))
    shutil.rmtree(SITE)
    for made in (*BUILT.rglob("*.o"), *BUILT.rglob("*.so")):
        made.unlink()
    print(build(TRAINED))
