"""Every golden file, run on auroraml, or with --oracle on PostgreSQL 15; --rewrite records what was answered."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from tests.golden.gaps import differing, keys, listed, write
from tests.runner.aurora import Aurora
from tests.runner.blocks import Block, GoldenFile, read
from tests.runner.outcome import Engine, describe, shown, statement
from tests.runner.pinned import RECORDED, Recorded, generator
from tests.runner.setups import SETUPS

ROOT = Path(__file__).parent
FILES = sorted(ROOT.rglob("*.test"))


def play(file: GoldenFile, engine: Engine) -> list[Block]:
    """The file's blocks as the engine answers them."""
    return [answer(block, engine) for block in file.blocks]


def answer(block: Block, engine: Engine) -> Block:
    """The block as the engine answers it."""
    if block.directive == "psql":
        return shown(block, engine.screen(block.body))
    if block.directive == "calls":
        return block.expecting("calls", block.header, engine.requests())
    return describe(block, engine.run(statement(block), block.session))


def difference(file: GoldenFile, answered: list[Block], wrong: set[str]) -> str:
    """A unified diff of each block in `wrong`, with its place."""
    parts = []
    for key, wanted, got in zip(keys(file), file.blocks, answered, strict=True):
        if key in wrong:
            lines = difflib.unified_diff(wanted.render().splitlines(), got.render().splitlines(), "wanted", "got", lineterm="", n=30)
            parts.append(f"{file.path.relative_to(ROOT)}:{wanted.line}\n" + "\n".join(list(lines)[2:]))
    return "\n\n".join(parts)


def pin(recorded: Recorded, engine: Engine, folder: Path) -> None:
    """Make the file's tables with their recorded statistics; PostgreSQL has the data too, and its statistics are recorded if no document is there."""
    made = engine.run(recorded.schema)
    assert made.failure is None, made.failure
    if isinstance(engine, Aurora):
        engine.load_statistics(recorded.document)
        return
    conninfo = str(getattr(engine, "conninfo", "")) + f" dbname={getattr(engine, 'database', '')}"
    recorded.fill(conninfo, recorded.generate("csv", folder))
    if not recorded.document.exists():
        recorded.record(conninfo)
    recorded.restore(conninfo)


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_golden(path: Path, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    file = read(path)
    rewriting = request.config.getoption("--rewrite")
    on_oracle = request.config.getoption("--oracle") or (rewriting and file.oracle)
    if request.config.getoption("--oracle") and not file.oracle:
        pytest.skip("the file says why PostgreSQL does not answer for it")
    engine_is_ours = not on_oracle
    recorded = RECORDED.get(file.options.get("statistics", ""))
    if recorded is not None and recorded.scale and on_oracle and generator() is None:
        pytest.skip("its data are made by tpchgen-cli, which is not installed (the extra `bench`)")
    setup = SETUPS[file.options.get("setup", "")]
    engine: Engine = request.getfixturevalue("oracle_engine") if on_oracle else Aurora(options=setup.options)
    if engine_is_ours:
        request.addfinalizer(engine.close)
    prelude = setup.postgres if on_oracle else setup.aurora
    prepared = engine.run(prelude) if prelude else None
    if prepared is not None and prepared.failure is not None and engine_is_ours and not rewriting:
        answered = [describe(block, prepared) for block in file.blocks]  # a setup that fails is every case's gap
    else:
        assert prepared is None or prepared.failure is None, prepared
        if recorded is not None:
            pin(recorded, engine, tmp_path)
        answered = play(file, engine)
    if rewriting:
        path.write_text(GoldenFile(path=path, comment=file.comment, blocks=tuple(answered), options=file.options).render(), encoding="utf-8")
        return
    gaps = listed(file) if engine_is_ours else set()
    found = differing(file, answered)
    if request.config.getoption("--gaps") and engine_is_ours:
        write(file, found)
        return
    assert not (repaired := gaps - found), "these cases pass now: take them off GAPS.txt\n" + "\n".join(sorted(repaired))
    assert not found - gaps, "\n" + difference(file, answered, found - gaps)
