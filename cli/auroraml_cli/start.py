"""The console command's start: garbage is not looked for while the program's modules load, nor among them later."""

from __future__ import annotations

import gc

from auroraml.lazy import load


def main() -> None:
    """Load the program and run it."""
    gc.disable()
    program = load("auroraml_cli.main")
    gc.freeze()
    gc.enable()
    program.main()
