"""Parts of many texts made a byte at a time, and short texts looked up as numbers, are what Arrow's kernels give."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from auroraml.functions import membership, strings

LARGE = pa.large_string()
TEXTS = {
    "even": [f"{i % 37:02}-{i % 11:03}" for i in range(60)],
    "longer": [f"{i % 37:02}-" + "x" * (3 + i % 5) for i in range(60)],
    "shorter": ["abcdef", "abc", ""],
    "two bytes": ["abcdef", "abcdéf"],
    "empty": ["", ""],
    "long": ["abcdef" * 30] * 3,
}


@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("span", [(0, 2), (1, 6), (3, 4), (0, 0), (5, 2), (0, 20), (0, -1)])
def test_parts(texts: list[str], span: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts of one length or of many, too short ones, and characters of two bytes; whole columns and parts of one."""
    monkeypatch.setattr(strings, "MANY", 1)
    whole = pa.array(texts, LARGE)
    for part in (whole, whole.slice(1), whole.slice(0, 0)):
        assert strings._part(part, *span).to_pylist() == pc.utf8_slice_codeunits(part, *span).to_pylist()


@pytest.mark.parametrize("texts", [["13", "31", "99", "13"], ["a", "b"], ["é", "13"], ["13", "3", "131"], ["", ""], ["131", "313"]])
def test_members(texts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Among items of the texts' length and others; whole columns and parts of one."""
    monkeypatch.setattr(membership, "MANY", 1)
    for items in (["13", "a", "é", "131", ""], ["zz"], ["13"]):
        for part in (pa.array(texts, LARGE), pa.array(texts, LARGE).slice(1)):
            found = membership._of_texts(part, pa.array(items, LARGE), False)
            assert found.tolist() == [text in items for text in part.to_pylist()]
