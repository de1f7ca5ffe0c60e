"""PostgreSQL's advanced regular expressions, read and written in the syntax of Python's `regex` and of RE2."""

from __future__ import annotations

from dataclasses import field
from functools import lru_cache

import regex

from auroraml.errors import DatabaseError, InvalidParameterValue, InvalidRegularExpression
from auroraml.records import dataclass

_CLASSES = frozenset(("alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "xdigit", "word"))
_CLASS_ESCAPES = {"d": "[[:digit:]]", "s": "[[:space:]]", "w": "[[:alnum:]_]", "D": "[^[:digit:]]", "S": "[^[:space:]]", "W": "[^[:alnum:]_]"}
_CHARACTERS = {"a": "\a", "b": "\b", "B": "\\", "e": "\033", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CONSTRAINTS = {"A": r"\A", "Z": r"\Z", "m": r"\b(?=\w)", "M": r"\b(?<=\w)", "y": r"\b", "Y": r"\B"}
_META = frozenset("\\.[]{}()*+?^$|#&~-")
_MOST = 255
# Single characters in RE2's syntax, more of the last one, and that at the begin or the end of the text.
_SETTLED = regex.compile(r"(?:\\A)?(?:\\\W|[^\\.\[\](){}*+?|^$]|\.|\[\^?(?:\[:\w+:\]|\\\W|[^\[\]\\])+\])+\+?(?:\\z)?")


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A compiled regular expression; `re2` is the same for Arrow's matcher, None where RE2 cannot say it.

    `settled`: from where it begins a match has one end only or goes as far as it can, so that RE2 finds the very same ones.
    """

    search: regex.Pattern[str]
    re2: str | None
    groups: int
    settled: bool = False


@dataclass(kw_only=True)
class Options:
    """What flags and embedded options choose."""

    ignore_case: bool = False
    newline_stops: bool = False  # . and [^...] do not match a newline
    newline_anchors: bool = False  # ^ and $ match around newlines
    expanded: bool = False
    quoted: bool = False
    everywhere: bool = False  # g, which only the functions understand


def broken(reason: str) -> DatabaseError:
    """2201B."""
    return InvalidRegularExpression(f"invalid regular expression: {reason}")


def options_of(flags: str) -> Options:
    """Flags as regexp_match and its kin take them; 22023 for an unknown one."""
    found = Options()
    for flag in flags:
        _set(found, flag)
    return found


def _set(options: Options, flag: str) -> None:
    if flag == "g":
        options.everywhere = True
    elif flag in "ic":
        options.ignore_case = flag == "i"
    elif flag in "nm":
        options.newline_stops = options.newline_anchors = True
    elif flag == "s":
        options.newline_stops = options.newline_anchors = False
    elif flag == "p":
        options.newline_stops, options.newline_anchors = True, False
    elif flag == "w":
        options.newline_stops, options.newline_anchors = False, True
    elif flag in "xt":
        options.expanded = flag == "x"
    elif flag == "q":
        options.quoted = True
    elif flag not in "be":
        raise InvalidParameterValue(f'invalid regular expression option: "{flag}"')


@lru_cache(maxsize=1024)
def compiled(pattern: str, flags: str = "") -> Pattern:
    """The regular expression `pattern`; 2201B where it is none."""
    options = options_of(flags)
    if pattern.startswith("***="):
        pattern, options.quoted = pattern[4:], True
    elif pattern.startswith("***:"):
        pattern = pattern[4:]
    if options.quoted:
        text = regex.escape(pattern)
        return _made(text, text, 0, options, False)
    if pattern.startswith("(?") and len(pattern) > 2 and pattern[2].isalpha() and (end := pattern.find(")")) > 0:
        for letter in pattern[2:end]:
            if letter not in "bceimnpqstwx":
                raise broken("invalid embedded option")
            _set(options, letter)
        pattern = pattern[end + 1 :]
    reader = Reader(pattern=pattern, options=options)
    text = reader.whole()
    if reader.shortest:  # the whole prefers the shortest match, so every part does
        reader = Reader(pattern=pattern, options=options, lazy=True)
        text = reader.whole()
    plain = None if reader.beyond_re2 or reader.shortest else Reader(pattern=pattern, options=options, re2=True).whole()
    return _made(text, plain, reader.groups, options, reader.shortest)


def _made(text: str, plain: str | None, groups: int, options: Options, shortest: bool) -> Pattern:
    flags = regex.VERSION0 | regex.ASCII | (0 if shortest else regex.POSIX)
    prefix = "(?s)" if not options.newline_stops else ""
    prefix += "(?i)" if options.ignore_case else ""
    prefix += "(?m)" if options.newline_anchors else ""
    try:
        search = regex.compile(prefix + text, flags)
    except regex.error as error:
        raise broken(str(error)) from None
    return Pattern(
        search=search, re2=None if plain is None else prefix + plain, groups=groups, settled=plain is not None and bool(_SETTLED.fullmatch(plain))
    )


@dataclass(kw_only=True)
class Reader:
    """Reads an ARE and writes it anew; `lazy` makes every quantifier prefer fewer, `re2` writes RE2's syntax."""

    pattern: str
    options: Options
    lazy: bool = False
    re2: bool = False
    at: int = 0
    groups: int = 0
    closed: set[int] = field(default_factory=set)
    shortest: bool = False
    beyond_re2: bool = False

    def whole(self) -> str:
        """The whole expression."""
        text, shortest = self._alternatives()
        if self.at < len(self.pattern):
            raise broken("parentheses () not balanced")
        self.shortest = shortest is True or self.lazy
        return text

    def _peek(self, ahead: int = 0) -> str:
        return self.pattern[self.at + ahead : self.at + ahead + 1]

    def _skip(self) -> None:
        while self.options.expanded and self._peek() and (self._peek().isspace() or self._peek() == "#"):
            if self._peek() == "#":
                while self._peek() and self._peek() != "\n":
                    self.at += 1
            else:
                self.at += 1

    def _alternatives(self) -> tuple[str, bool | None]:
        """Branches, and whether the whole prefers the shortest match (None: no preference)."""
        branches = [self._branch()]
        while self._peek() == "|":
            self.at += 1
            branches.append(self._branch())
        if len(branches) > 1:
            return "|".join(text for text, _ in branches), False
        return branches[0]

    def _branch(self) -> tuple[str, bool | None]:
        out: list[str] = []
        preference: bool | None = None
        while True:
            self._skip()
            if self._peek() in ("", "|", ")"):
                return "".join(out), preference
            atom, inner, repeatable = self._atom()
            self._skip()
            quantifier, wish = self._quantifier()
            if quantifier and not repeatable:
                raise broken("quantifier operand invalid")
            if quantifier and self._is_quantifier():
                raise broken("quantifier operand invalid")
            out.append(atom + quantifier)
            wish = inner if wish is None else wish
            preference = wish if preference is None else preference

    def _is_quantifier(self) -> bool:
        return self._peek() in ("*", "+", "?") or (self._peek() == "{" and self._peek(1).isdigit())

    def _quantifier(self) -> tuple[str, bool | None]:
        if not self._is_quantifier():
            return "", None
        fixed = False
        text = self._peek()
        self.at += 1
        if text == "{":
            text, fixed = self._bounds()
        lazy = self._peek() == "?"
        self.at += lazy
        if fixed:
            return text, None
        return text + ("?" if lazy or self.lazy else ""), lazy

    def _bounds(self) -> tuple[str, bool]:
        start = self.at
        low = self._number()
        high: int | None = low
        if self._peek() == ",":
            self.at += 1
            high = self._number() if self._peek().isdigit() else None
        if not self._peek():
            raise broken("braces {} not balanced")
        if self._peek() != "}" or low > _MOST or (high is not None and (high > _MOST or high < low)):
            raise broken("invalid repetition count(s)")
        self.at += 1
        if high is None:
            return f"{{{low},}}", False
        exact = "," not in self.pattern[start : self.at]
        return (f"{{{low}}}" if low == high else f"{{{low},{high}}}"), exact

    def _number(self) -> int:
        start = self.at
        while self._peek().isdigit():
            self.at += 1
        return int(self.pattern[start : self.at])

    def _atom(self) -> tuple[str, bool | None, bool]:
        char = self._peek()
        self.at += 1
        if char == "(":
            return self._group()
        if char == "[":
            return self._bracket()
        if char in "*+?" or (char == "{" and self._peek().isdigit()):
            raise broken("quantifier operand invalid")
        if char == "\\":
            text, repeatable = self._escape()
            return text, None, repeatable
        if char == ".":
            return ".", None, True
        if char in "^$":
            anchors = self.options.newline_anchors
            text = (char if char == "^" or not self.re2 else "$") if anchors else r"\A" if char == "^" else r"\z" if self.re2 else r"\Z"
            return text, None, False
        return self._literal(char), None, True

    def _literal(self, char: str) -> str:
        return "\\" + char if char in _META or char.isspace() else char

    def _group(self) -> tuple[str, bool | None, bool]:
        opening, capture = "(", 0
        if self._peek() == "?":
            for words in ("?:", "?=", "?!", "?<=", "?<!"):
                if self.pattern.startswith(words, self.at):
                    opening = "(" + words
                    self.at += len(words)
                    break
            else:
                raise broken("quantifier operand invalid")
            self.beyond_re2 |= opening != "(?:"
        else:
            self.groups += 1
            capture = self.groups
        inner, wish = self._alternatives()
        if self._peek() != ")":
            raise broken("parentheses () not balanced")
        self.at += 1
        if capture:
            self.closed.add(capture)
        return f"{opening}{inner})", wish, opening in ("(", "(?:")

    def _escape(self) -> tuple[str, bool]:
        char = self._peek()
        self.at += 1
        if not char:
            raise broken("invalid escape \\ sequence")
        if char in _CLASS_ESCAPES:
            return self._class_escape(char), True
        if char in _CONSTRAINTS:
            self.beyond_re2 |= char in "mM"
            return (r"\z" if self.re2 and char == "Z" else _CONSTRAINTS[char]), False
        if char in _CHARACTERS:
            return self._literal(_CHARACTERS[char]), True
        if char == "c":
            self.at += 1
            return self._literal(chr(ord(self.pattern[self.at - 1]) & 31)), True
        if char in "uUx":
            return self._literal(self._coded(char)), True
        if char.isdigit():
            return self._reference(char)
        if char.isalpha():
            raise broken("invalid escape \\ sequence")
        return self._literal(char), True

    def _class_escape(self, char: str) -> str:
        if self.options.newline_stops and char.isupper():
            return _CLASS_ESCAPES[char][:-1] + "\\n]"
        return _CLASS_ESCAPES[char]

    def _coded(self, kind: str) -> str:
        size = {"u": 4, "U": 8, "x": 255}[kind]
        start = self.at
        while self.at - start < size and self._peek() and self._peek() in "0123456789abcdefABCDEF":
            self.at += 1
        digits = self.pattern[start : self.at]
        if not digits or (kind != "x" and len(digits) != size):
            raise broken("invalid escape \\ sequence")
        return chr(int(digits, 16))

    def _reference(self, first: str) -> tuple[str, bool]:
        start = self.at - 1
        while self._peek().isdigit():
            self.at += 1
        digits = self.pattern[start : self.at]
        if first == "0":
            self.at = start + 1
            while self.at - start < 3 and self._peek() and self._peek() in "01234567":
                self.at += 1
            return self._literal(chr(int(self.pattern[start : self.at], 8))), True
        if len(digits) == 1 or int(digits) <= self.groups:
            if int(digits) not in self.closed:
                raise broken("invalid backreference number")
            self.beyond_re2 = True
            return f"(?:\\{int(digits)})", True
        octal = digits[:3]
        if any(digit not in "01234567" for digit in octal):
            raise broken("invalid escape \\ sequence")
        self.at = start + len(octal)
        return self._literal(chr(int(octal, 8))), True

    def _bracket(self) -> tuple[str, bool | None, bool]:
        for word, text in (("[:<:]]", r"\b(?=\w)"), ("[:>:]]", r"\b(?<=\w)")):
            if self.pattern.startswith(word, self.at):
                self.at += len(word)
                self.beyond_re2 = True
                return text, None, False
        out = ["["]
        if self._peek() == "^":
            self.at += 1
            out.append("^")
        negated = len(out) > 1
        first = True
        while True:
            char = self._peek()
            if not char:
                raise broken("brackets [] not balanced")
            if char == "]" and not first:
                self.at += 1
                break
            first = False
            out.append(self._member())
        if negated and self.options.newline_stops:
            out.append("\\n")
        return "".join(out) + "]", None, True

    def _member(self) -> str:
        if self.pattern.startswith("[:", self.at):
            name = self._named(":", "invalid character class")
            if name not in _CLASSES:
                raise broken("invalid character class")
            return f"[:{name}:]" if name != "word" else "[:alnum:]_"
        if self._peek() == "\\" and self._peek(1) in ("d", "s", "w"):
            self.at += 2
            return _CLASS_ESCAPES[self.pattern[self.at - 1]][1:-1]
        low = self._end_of_range()
        if self._peek() == "-" and self._peek(1) not in ("]", ""):
            self.at += 1
            if self.pattern.startswith("[:", self.at) or (self._peek() == "\\" and self._peek(1) in ("d", "s", "w")):
                raise broken("invalid character range")
            high = self._end_of_range()
            if ord(high) < ord(low):
                raise broken("invalid character range")
            return f"{self._inside(low)}-{self._inside(high)}"
        return self._inside(low)

    def _inside(self, char: str) -> str:
        return "\\" + char if char in "\\]^-[&~|" else char

    def _named(self, mark: str, reason: str) -> str:
        end = self.pattern.find(mark + "]", self.at + 2)
        if end < 0:
            raise broken("brackets [] not balanced")
        name = self.pattern[self.at + 2 : end]
        self.at = end + 2
        return name

    def _end_of_range(self) -> str:
        for mark in ".=":
            if self.pattern.startswith("[" + mark, self.at):
                name = self._named(mark, "invalid collating element")
                if len(name) != 1:
                    raise broken("invalid collating element")
                return name
        char = self._peek()
        self.at += 1
        if char != "\\":
            return char
        escape = self._peek()
        self.at += 1
        if escape in _CHARACTERS:
            return _CHARACTERS[escape]
        if escape and escape in "uUx":
            return self._coded(escape)
        if not escape or escape.isalnum():
            raise broken("invalid escape \\ sequence")
        return escape
