"""PostgreSQL's lexical rules: text to tokens with offsets (chapter 4.1), errors in PostgreSQL's words."""

from __future__ import annotations

import re

from auroraml.errors import SyntaxError as SqlSyntaxError

WORD, QUOTED, STRING, NUMBER, OPERATOR, PUNCTUATION, PARAMETER, END = (
    "word",
    "quoted",
    "string",
    "number",
    "operator",
    "punctuation",
    "parameter",
    "end",
)


class Token:
    """A token: `text` is the word in lower case, the quoted name, the string's value, or the characters as written. Never changed."""

    __slots__ = ("end", "kind", "mark", "raw", "start", "style", "text", "word")

    def __init__(self, kind: str, text: str, start: int, end: int, raw: str, style: str = "") -> None:
        self.kind = kind
        self.text = text
        self.start = start
        self.end = end
        self.raw = raw
        self.style = style  # of a string: "", "e", "b", "x", "u"
        self.word = text if kind == WORD else ""  # the word, where it is one without quotes
        self.mark = text if kind in (PUNCTUATION, OPERATOR) else ""  # the operator or punctuation mark

    def is_word(self, *words: str) -> bool:
        """Whether this is one of `words`, unquoted."""
        return self.word in words

    def is_op(self, *operators: str) -> bool:
        """Whether this is one of these operators or punctuation marks."""
        return self.mark in operators

    @property
    def is_name(self) -> bool:
        """Whether the token can be an identifier in some place."""
        return self.kind in (WORD, QUOTED)


_SPACE = re.compile(r"(?:[ \t\n\r\f\v]+|--[^\n]*)+")
# Said by what is left out: `re` makes classes that reach beyond ASCII in milliseconds, and these in microseconds.
_FIRST = r"[^\x00-@\[-^`{-\x7f]"  # a letter, _, or anything beyond ASCII
_INNER = r"[^\x00-/:-@\[-^`{-\x7f]"  # a digit too
_NEXT = r"[^\x00-#%-/:-@\[-^`{-\x7f]"  # and $
_WORD = re.compile(rf"{_FIRST}{_NEXT}*")
_NUMBER = re.compile(r"(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_DOLLAR = re.compile(rf"\$(?:{_FIRST}{_INNER}*)?\$")
_PARAMETER = re.compile(r"\$(\d+)")
_OPERATOR = re.compile(r"[+\-*/<>=~!@#%^&|?`]+")
_COMMON = re.compile(  # what most statements are made of; all else, and what only begins like these, is read one rule at a time
    rf"[ \t\n\r\f\v]*+(?:({_FIRST}{_NEXT}*+)(?!['&])|([(),;\[\]]|\.(?![\d.]))"
    r"|(\d++(?:\.\d++)?)(?![\w.])|('[^'\\]*+')(?!')|([*=+/-]|[<>]=?|<>)(?![+\-*/<>=~!@#%^&|?`]))"
)
_KINDS = ("", WORD, PUNCTUATION, NUMBER, STRING, OPERATOR)
_SPECIAL = frozenset("~!@#%^&|`?")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPED = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)


def tokenize(text: str) -> list[Token]:
    """All tokens of `text`, then an END token. Raises SyntaxError (42601) for what is unterminated."""
    tokens: list[Token] = []
    i, n = 0, len(text)
    while True:
        if match := _COMMON.match(text, i):
            token = _common(match)
            i = token.start
        else:
            i = _skip(text, i)
            if i >= n:
                tokens.append(Token(END, "", n, n, ""))
                return tokens
            token = _token(text, i)
        if token.kind != STRING and token.word != "uescape":
            tokens.append(token)
            i = token.end
            continue
        previous = tokens[-1] if tokens else None
        if token.kind == WORD and token.text == "uescape" and previous is not None and previous.raw[:2] in ("U&", "u&"):
            token = _uescaped(text, previous, token)
            tokens.pop()
        if token.kind == STRING and previous is not None and previous.kind == STRING and "\n" in text[previous.end : i] and not token.style:
            token = Token(STRING, previous.text + token.text, previous.start, token.end, text[previous.start : token.end], previous.style)
            tokens.pop()
        tokens.append(token)
        i = token.end


def _common(match: re.Match[str]) -> Token:
    group = match.lastindex or 0
    raw = match[group]
    start, end = match.span(group)
    if group == 1:
        return Token(WORD, _fold(raw), start, end, raw)
    return Token(_KINDS[group], raw[1:-1] if group == 4 else raw, start, end, raw)


def _skip(text: str, i: int) -> int:
    while True:
        match = _SPACE.match(text, i)
        if match:
            i = match.end()
        if not text.startswith("/*", i):
            return i
        start, depth = i, 0
        while True:
            if text.startswith("/*", i):
                depth, i = depth + 1, i + 2
            elif text.startswith("*/", i):
                depth, i = depth - 1, i + 2
                if depth == 0:
                    break
            elif i >= len(text):
                raise SqlSyntaxError(f'unterminated /* comment at or near "{text[start:]}"', at=start)
            else:
                i += 1


def _token(text: str, i: int) -> Token:
    char = text[i]
    if char == "'":
        return _string(text, i, i, "")
    if char == '"':
        return _quoted(text, i, i)
    if char in "eEbBxXnN" and text.startswith("'", i + 1):
        return _string(text, i, i + 1, char.lower())
    if char in "uU" and text.startswith("&'", i + 1):
        return _string(text, i, i + 2, "u")
    if char in "uU" and text.startswith('&"', i + 1):
        return _quoted(text, i, i + 2)
    if match := _WORD.match(text, i):
        return Token(WORD, _fold(match[0]), i, match.end(), match[0])
    if match := _NUMBER.match(text, i):
        if junk := _WORD.match(text, match.end()):
            raise SqlSyntaxError(f'trailing junk after numeric literal at or near "{match[0]}{junk[0]}"', at=i)
        return Token(NUMBER, match[0], i, match.end(), match[0])
    if char == "$":
        return _dollar(text, i)
    if match := _OPERATOR.match(text, i):
        return _operator(match[0], i)
    if text.startswith(("::", ":=", ".."), i):
        return Token(PUNCTUATION, text[i : i + 2], i, i + 2, text[i : i + 2])
    return Token(PUNCTUATION, char, i, i + 1, char)


def _fold(word: str) -> str:
    return word.lower() if word.isascii() else "".join(c.lower() if c.isascii() else c for c in word)


def _operator(run: str, i: int) -> Token:
    """The longest operator: cut before a comment, and no trailing + or - unless a special character is in it."""
    for comment in ("--", "/*"):
        cut = run.find(comment)
        if cut > 0:
            run = run[:cut]
    while len(run) > 1 and run[-1] in "+-" and not _SPECIAL.intersection(run):
        run = run[:-1]
    text = {"!=": "<>"}.get(run, run)
    return Token(PUNCTUATION if text == "=>" else OPERATOR, text, i, i + len(run), run)


def _dollar(text: str, i: int) -> Token:
    if match := _PARAMETER.match(text, i):
        return Token(PARAMETER, match[1], i, match.end(), match[0])
    match = _DOLLAR.match(text, i)
    if not match:
        raise SqlSyntaxError('syntax error at or near "$"', at=i)
    end = text.find(match[0], match.end())
    if end < 0:
        raise SqlSyntaxError(f'unterminated dollar-quoted string at or near "{text[i:]}"', at=i)
    return Token(STRING, text[match.end() : end], i, end + len(match[0]), text[i : end + len(match[0])], "$")


def _string(text: str, start: int, quote: int, style: str) -> Token:
    i = quote + 1
    parts: list[str] = []
    while True:
        end = text.find("'", i)
        if end < 0:
            raise SqlSyntaxError(f'unterminated quoted string at or near "{text[start:]}"', at=start)
        if style == "e":
            slashes = 0
            while text[end - 1 - slashes] == "\\" and end - 1 - slashes > quote:
                slashes += 1
            if slashes % 2:
                parts.append(text[i : end + 1])
                i = end + 1
                continue
        parts.append(text[i:end])
        if not text.startswith("''", end):
            break
        parts.append("'")
        i = end + 2
    value = "".join(parts)
    if style == "e":
        value = _ESCAPED.sub(_unescape, value)
    elif style == "u":
        value = _unicode(value, start)
    elif style == "n":
        style = ""
    return Token(STRING, value, start, end + 1, text[start : end + 1], style if style in ("b", "x") else "")


def _unescape(match: re.Match[str]) -> str:
    short, long, hexadecimal, octal, other = match.groups()
    if short or long or hexadecimal:
        return chr(int(short or long or hexadecimal, 16))
    return chr(int(octal, 8)) if octal else _ESCAPES.get(other, other)


def _unicode(value: str, at: int) -> str:
    def decode(match: re.Match[str]) -> str:
        if match[0] == "\\\\":
            return "\\"
        if not (match[1] or match[2]):
            raise SqlSyntaxError("invalid Unicode escape", hint="Unicode escapes must be \\XXXX or \\+XXXXXX.", at=at)
        return chr(int(match[1] or match[2], 16))

    return re.sub(r"\\(?:\\|([0-9A-Fa-f]{4})|\+([0-9A-Fa-f]{6})|)", decode, value)


def _uescaped(text: str, previous: Token, word: Token) -> Token:
    """U&'...' UESCAPE 'x': the literal read with another escape character."""
    escape = _token(text, _skip(text, word.end))
    if escape.kind != STRING or len(escape.text) != 1 or escape.text in "+'\"" or escape.text.isspace() or escape.text in "0123456789abcdefABCDEF":
        raise SqlSyntaxError(
            f"invalid Unicode escape character at or near {escape.raw!r}".replace(repr(escape.raw), f'"{escape.raw}"'), at=escape.start
        )
    quote = previous.raw[2]
    inner = previous.raw[3:-1].replace(quote * 2, quote).replace("\\", "\\\\").replace(escape.text, "\\")
    return Token(previous.kind, _unicode(inner, previous.start), previous.start, escape.end, text[previous.start : escape.end], previous.style)


def _quoted(text: str, start: int, quote: int) -> Token:
    i = quote + 1
    while True:
        end = text.find('"', i)
        if end < 0:
            raise SqlSyntaxError(f'unterminated quoted identifier at or near "{text[start:]}"', at=start)
        if not text.startswith('""', end):
            break
        i = end + 2
    name = text[quote + 1 : end].replace('""', '"')
    if not name:
        raise SqlSyntaxError(f'zero-length delimited identifier at or near "{text[start : end + 1]}"', at=start)
    if quote > start:
        name = _unicode(name, start)
    return Token(QUOTED, name, start, end + 1, text[start : end + 1])
