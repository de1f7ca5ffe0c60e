"""Parts of many json documents, which have spaces and repeated keys where their writers left them: found in their bytes, too."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Index
from auroraml.functions.json.scanning import COLON, Form, Parts
from auroraml.functions.json.values import parsed
from auroraml.types.json import quote_json
from auroraml.types.json_bits import Bytes, Structure

_BLANK = np.zeros(256, np.bool_)
_BLANK[list(b" \t\n\r")] = True


def _behind_spaces(data: Bytes, places: Index) -> Index:
    """The first places from each on that have no spaces."""
    found, last = places.copy(), len(data) - 1
    some = np.flatnonzero(_BLANK[data[np.minimum(found, last)]])
    while len(some):
        found[some] += 1
        some = some[(found[some] <= last) & _BLANK[data[np.minimum(found[some], last)]]]
    return found


class Spaced(Form):
    """As json leaves them."""

    def first(self, documents: Structure) -> Bytes:
        return documents.data[_behind_spaces(documents.data, documents.offsets[:-1])]

    def fields(self, documents: Structure, key: str) -> Parts | None:
        if _escaped_keys(documents):
            return None
        text = quote_json(key).encode()
        places = documents.found(text)
        places = places[documents.depth(places) == 1]
        colons = _behind_spaces(documents.data, places + len(text))
        colons = colons[documents.data[colons] == COLON]
        rows = documents.rows(colons)
        last = np.append(rows[1:] != rows[:-1], True)[: len(rows)]  # of equal keys
        starts = _behind_spaces(documents.data, colons[last] + 1)
        return self.parts(documents, rows[last], starts, self.ends(documents, starts)[0])

    def begin(self, documents: Structure, places: Index) -> Index:
        return _behind_spaces(documents.data, places)

    def ends(self, documents: Structure, starts: Index) -> tuple[Index, Index]:
        ends = documents.ends(starts)
        stops = _behind_spaces(documents.data, ends)
        some = np.flatnonzero(_BLANK[documents.data[ends - 1]])
        while len(some):  # between a number or a word and what is behind it
            ends[some] -= 1
            some = some[_BLANK[documents.data[ends[some] - 1]]]
        return ends, stops

    def parts(self, documents: Structure, rows: Index, starts: Index, ends: Index) -> Parts:
        return Parts(documents, rows, starts, ends, parsed)


def _escaped_keys(documents: Structure) -> bool:
    """Whether a key has escapes: it may be written in several ways."""
    if not len(documents.slashes):
        return False
    ends = documents.quotes.next(documents.slashes + 1)
    ends = ends[documents.depth(ends) > 0]
    behind = _behind_spaces(documents.data, ends + 1)
    return bool((documents.data[behind] == COLON).any())


JSON = Spaced()
