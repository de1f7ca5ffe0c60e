"""RandomStream: PostgreSQL's random numbers (pg_prng), so that the same seed gives the same ones."""

from __future__ import annotations

WORD = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_MIX = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_NEVER_ZERO = (0x5851F42D4C957F2D, 0x14057B7EF767814F)  # what a state of zeros, which would stay zero, is replaced by
_MANTISSA = (1 << 52) - 1


def _rotated(word: int, bits: int) -> int:
    return (word << bits | word >> (64 - bits)) & WORD


class RandomStream:
    """xoroshiro128** by Blackman and Vigna, its state made from a number of -1 to 1 by splitmix64."""

    def __init__(self, seed: float) -> None:
        self._low = self._high = 0
        self.seed(seed)

    def seed(self, seed: float) -> None:
        """Begin anew (pg_prng_fseed)."""
        counter = int(_MANTISSA * seed)
        words = []
        for _ in range(2):
            counter = (counter + _STEP) & WORD
            word = counter
            word = (word ^ word >> 30) * _MIX[0] & WORD
            word = (word ^ word >> 27) * _MIX[1] & WORD
            words.append(word ^ word >> 31)
        self._low, self._high = words if any(words) else _NEVER_ZERO

    def word(self) -> int:
        """The next 64 bits."""
        low, mixed = self._low, self._low ^ self._high
        self._low = _rotated(low, 24) ^ mixed ^ (mixed << 16 & WORD)
        self._high = _rotated(mixed, 37)
        return _rotated(low * 5 & WORD, 7) * 9 & WORD

    def fraction(self) -> float:
        """A number of [0, 1) (pg_prng_double)."""
        return (self.word() >> 12) / (1 << 52)

    def integer(self, least: int, most: int) -> int:
        """A whole number of `least` to `most`; no bits are drawn where there is no choice (pg_prng_uint64_range)."""
        span = most - least
        if span <= 0:
            return least
        shift = 64 - span.bit_length()
        found = self.word() >> shift
        while found > span:
            found = self.word() >> shift
        return least + found
