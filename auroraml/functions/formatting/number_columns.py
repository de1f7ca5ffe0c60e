"""to_char of whole columns: numbers of one shape (sign, digits before the point, zeros at the end) go through a picture together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import limbs
from auroraml.batch.limbs import Limbs
from auroraml.functions.formatting.number_picture import Picture
from auroraml.functions.formatting.pictures import ACTION
from auroraml.records import dataclass
from auroraml.types.digits import BLOCK, ZERO, Bytes, digit_columns, digit_counts

MARK = 0xE000  # characters from here on stand for the digits of a number while its shape goes through a picture
Write = Callable[[str, str], str]  # a number's digits and its sign through the picture


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A text all numbers of a shape share, but for the digits: where those stand, and which they are, counted from the number's first."""

    text: Bytes
    places: npt.NDArray[np.int64]
    digits: npt.NDArray[np.int64]


def shapes_decide(picture: Picture) -> bool:
    """Whether what is written depends on nothing but the shape and the digits in their places."""
    keys = {node.key for node in picture.nodes if node.kind == ACTION}
    texts = "".join(node.text for node in picture.nodes if node.kind != ACTION)
    return not (picture.roman or picture.scientific or keys & {"TH", "th", "RN", "rn"}) and all(ord(character) < MARK for character in texts)


def in_columns(picture: Picture, write: Write, numbers: Limbs) -> pa.Array:
    """Whole numbers at the scale `picture.after` through a picture."""
    n = len(numbers[0])
    shapes: dict[int, Shape] = {}
    parts, lengths = [], np.empty(n, np.int64)
    for start in range(0, n, BLOCK):
        some = limbs.carried([limb[start : start + BLOCK] for limb in numbers])
        data, lengths[start : start + BLOCK] = _block(picture, write, some, shapes)
        parts.append(data)
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return pa.Array.from_buffers(pa.large_string(), n, [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(parts))])


def _block(picture: Picture, write: Write, numbers: Limbs, shapes: dict[int, Shape]) -> tuple[bytes, npt.NDArray[np.int64]]:
    sizes, negative = limbs.magnitudes(numbers)
    columns, after = digit_columns(sizes), picture.after
    places = columns.shape[1]
    whole = np.maximum(digit_counts(sizes) - after, 0)  # digits before the point, none where the number is below one
    whole[~limbs.nonzero(sizes)] = 0
    shown = np.zeros(len(whole), np.int64)  # decimals that are not zeros at the end
    if picture.fill and picture.decimal and after:
        fraction = columns[:, max(places - after, 0) :] != ZERO
        shown = np.where(fraction.any(axis=1), after - np.argmax(fraction[:, ::-1], axis=1), 0)
    keys = (whole * (after + 1) + shown) * 2 + negative
    offsets, made = np.zeros(len(keys) + 1, np.int64), []
    for key in np.flatnonzero(np.bincount(keys)).tolist():
        if key not in shapes:
            shapes[key] = _shape(picture, write, key)
        rows = np.flatnonzero(keys == key)
        offsets[rows + 1] = len(shapes[key].text)
        made.append((rows, _filled(shapes[key], columns.take(rows, axis=0), key // 2 // (after + 1), after)))
    lengths = offsets[1:].copy()
    if len(made) == 1:
        return made[0][1].tobytes(), lengths
    np.cumsum(offsets, out=offsets)
    data = np.empty(int(offsets[-1]), np.uint8)
    for rows, texts in made:
        data[offsets[rows][:, None] + np.arange(texts.shape[1])] = texts
    return data.tobytes(), lengths


def _shape(picture: Picture, write: Write, key: int) -> Shape:
    rest, negative = divmod(key, 2)
    whole, shown = divmod(rest, picture.after + 1)
    digits = [chr(MARK + place) for place in range(max(whole, 1) + picture.after)]
    if not whole:
        digits[0] = "0"
    if picture.fill and picture.decimal:
        digits[len(digits) - picture.after + shown :] = "0" * (picture.after - shown)
    point = ["."] if picture.after else []
    text = write("".join([*digits[: max(whole, 1)], *point, *digits[max(whole, 1) :]]), "-" if negative else "+")
    places, sources, written = [], [], bytearray()
    for character in text:
        if MARK <= ord(character) < MARK + len(digits):
            places.append(len(written))
            sources.append(ord(character) - MARK)
            written += b"0"
        else:
            written += character.encode()
    return Shape(text=np.frombuffer(bytes(written), np.uint8), places=np.array(places, np.int64), digits=np.array(sources, np.int64))


def _filled(shape: Shape, columns: Bytes, whole: int, after: int) -> Bytes:
    """The texts of numbers of one shape."""
    made = np.tile(shape.text, (len(columns), 1))
    sources = shape.digits + columns.shape[1] - max(whole, 1) - after
    known = sources >= 0  # what stands before all columns is a zero
    made[:, shape.places[known]] = columns[:, sources[known]]
    return made
