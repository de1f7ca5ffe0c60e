"""to_number: a text read through a number picture."""

from __future__ import annotations

from decimal import Decimal

from auroraml.errors import FeatureNotSupported
from auroraml.functions.formatting.number_picture import Picture, picture_of
from auroraml.functions.formatting.pictures import ACTION
from auroraml.functions.signature import scalar
from auroraml.types.numeric import CONTEXT, apply_numeric_typmod, numeric_in, round_to


class _Reader:
    """Reads `text` node by node (NUM_processor, NUM_numpart_from_char)."""

    def __init__(self, picture: Picture, text: str) -> None:
        self.p = picture
        self.text = text
        self.at = 0
        self.sign = " "
        self.digits: list[str] = []
        self.before = self.after = 0
        self.point = False

    def _over(self) -> bool:
        return self.at >= len(self.text)

    def run(self) -> Decimal:
        """The number."""
        for node in self.p.nodes:
            if self._over():
                break
            if node.kind != ACTION:
                self.at += 1
                continue
            if self._action(node.key):
                self.at += 1
        number = "".join(self.digits).removesuffix(".")
        value = numeric_in(self.sign + number)
        precision = self.p.before + self.p.multiply + self.after
        if self.p.before + self.p.multiply or self.after:
            value = apply_numeric_typmod(value, (max(precision, 1) << 16 | self.after) + 4)
        return value

    def _eat(self, count: int) -> bool:
        while count > 0 and not self._over() and self.text[self.at] not in "0123456789.,+-":
            self.at += 1
            count -= 1
        return False

    def _action(self, key: str) -> bool:
        """Whether one more character is taken."""
        char = self.text[self.at]
        if key in ("9", "0", ".", "D"):
            return self._part(key)
        if key in (",", "G"):
            return char == ","
        if key == "L":
            return self._eat(1)
        if key in ("TH", "th"):
            return False if self.p.roman or self.p.decimal else self._eat(2)
        if key in ("MI", "PL", "SG"):
            wanted = {"MI": "-", "PL": "+", "SG": "+-"}[key]
            if char in wanted:
                self.sign = char
                return True
            return self._eat(1)
        return False

    def _part(self, key: str) -> bool:
        if self.text[self.at] == " ":
            self.at += 1
        if self._over():
            return True
        if self.sign == " " and key in ("0", "9") and self.before + self.after == 0:
            char = self.text[self.at]
            if char == "-" or (self.p.bracket and char == "<"):
                self.sign = "-"
                self.at += 1
            elif char == "+":
                self.sign = "+"
                self.at += 1
        if self._over():
            return True
        read = self._digit()
        if read is None:
            return True
        if self.sign == " " and self.before + self.after > 0 and not self._over():
            self._sign_behind(read)
        return True

    def _digit(self) -> bool | None:
        """Whether a digit or the point was read; None where no more digits are wanted."""
        char = self.text[self.at]
        if char.isdigit() and char.isascii():
            if self.point and self.after == self.p.after:
                return None
            self.digits.append(char)
            if self.point:
                self.after += 1
            else:
                self.before += 1
            return True
        if self.p.decimal and not self.point and char == ".":
            self.digits.append(".")
            self.point = True
            return True
        return False

    def _sign_behind(self, read: bool) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if self.p.sign and read and following and not following.isdigit():
            if following in "+-":
                self.sign = following
                self.at += 1
        elif not read and not self.p.sign and not self.p.plus and not self.p.minus and self.text[self.at] in "+-":
            self.sign = self.text[self.at]


@scalar("to_number(text,text)", face="datum")
def to_number(text: str, format: str) -> Decimal | None:
    """The number a text shows in a picture."""
    if not format:
        return None
    picture = picture_of(format)
    if picture.scientific:
        raise FeatureNotSupported('"EEEE" not supported for input')
    if picture.roman:
        raise FeatureNotSupported('"RN" not supported for input')
    value = _Reader(picture, text).run()
    return CONTEXT.multiply(value, round_to(Decimal(1).scaleb(-picture.multiply), 16)) if picture.shift else value
