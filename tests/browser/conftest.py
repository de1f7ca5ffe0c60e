"""A browser: the system's Chromium without a screen; and the public viewer of plans, fetched once with npm into a folder that git ignores."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.tab import Tab, opened

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VIEWER = Path(__file__).parent / "viewer"
PACKAGES = ("pev2@1.21.0", "vue@3.5.28", "bootstrap@5.3.8")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    with opened(browser) as made:
        yield made


@pytest.fixture(scope="session")
def viewer() -> Path:
    """The folder of the viewer's packages."""
    if VIEWER.is_dir():
        return VIEWER
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm, which fetches the viewer, is not installed")
    with tempfile.TemporaryDirectory(dir=VIEWER.parent, prefix="viewer-") as folder:
        done = subprocess.run([npm, "pack", "--silent", *PACKAGES], cwd=folder, capture_output=True, text=True, timeout=240, check=False)
        if done.returncode != 0:
            pytest.skip(f"npm could not fetch the viewer: {done.stderr.strip()[-200:]}")
        made = Path(folder) / "made"
        for archive in Path(folder).glob("*.tgz"):
            with tarfile.open(archive) as packed:
                packed.extractall(made / archive.name.rpartition("-")[0], filter="data")
        try:
            os.rename(made, VIEWER)
        except OSError:  # another worker was faster
            assert VIEWER.is_dir()
    return VIEWER
