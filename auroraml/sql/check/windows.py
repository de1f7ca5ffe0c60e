"""The grammar of ORDER BY and of window definitions, token by token."""

from __future__ import annotations

from auroraml.errors import WindowingError
from auroraml.sql.check.reader import Reader
from auroraml.sql.lexer import OPERATOR


class Windows(Reader):
    """Reads sort keys, windows and their frames; what an expression is, a class below says."""

    def expr(self, floor: int = 0, restricted: bool = False) -> None:
        """An a_expr of operators that bind at least as tightly as `floor`; `restricted` makes it a b_expr."""
        raise NotImplementedError

    def order_by(self) -> None:
        """ORDER BY items."""
        self.need("order")
        self.need("by")
        self.listed(self._sort_item)

    def _sort_item(self) -> None:
        self.expr()
        if self.take("using"):
            if self.take("operator"):
                self._operator_name()
            elif self.ended or self.token.kind != OPERATOR:
                raise self.fail()
            else:
                self.i += 1
        else:
            self.take("asc", "desc")
        if self.word("nulls") and self.then(1, "first", "last"):
            self.i += 2

    def window(self) -> None:
        """( [name] [PARTITION BY ...] [ORDER BY ...] [frame] )."""
        self.need_mark("(")
        if self.is_column_name() and not self.word("partition", "range", "rows", "groups"):
            self.i += 1
        if self.take("partition"):
            self.need("by")
            self.listed(self.expr)
        if self.word("order"):
            self.order_by()
        if self.take("range", "rows", "groups"):
            self._frame()
        self.need_mark(")")

    def _frame(self) -> None:
        if self.take("between"):
            start_at = self.token.start
            start = self._bound()
            self.need("and")
            end_at = self.token.start
            _check_frame(start, start_at, self._bound(), end_at)
        else:
            start_at = self.token.start
            _check_frame(self._bound(), start_at, "current row", start_at)
        if self.take("exclude"):
            if self.take("current"):
                self.need("row")
            elif self.take("no"):
                self.need("others")
            else:
                self.need("group", "ties")

    def _bound(self) -> str:
        """A frame bound; its kind in SQL's words."""
        if self.word("unbounded") and self.then(1, "preceding", "following"):
            self.i += 2
            return f"unbounded {self.tokens[self.i - 1].text}"
        if self.word("current") and self.then(1, "row"):
            self.i += 2
            return "current row"
        self.expr()
        self.need("preceding", "following")
        return self.tokens[self.i - 1].text

    def _operator_name(self) -> None:
        self.need_mark("(")
        while self.token.is_name:
            self.i += 1
            self.need_mark(".")
        if self.ended or self.token.kind != OPERATOR:
            raise self.fail()
        self.i += 1
        self.need_mark(")")


def _check_frame(start: str, start_at: int, end: str, end_at: int) -> None:
    """The bounds that make no frame, refused as PostgreSQL's grammar does."""
    if start == "unbounded following":
        raise WindowingError("frame start cannot be UNBOUNDED FOLLOWING", at=start_at)
    if end == "unbounded preceding":
        raise WindowingError("frame end cannot be UNBOUNDED PRECEDING", at=end_at)
    if start == "current row" and end == "preceding":
        raise WindowingError("frame starting from current row cannot have preceding rows", at=end_at)
    if start == "following" and end in ("preceding", "current row"):
        rows = "preceding rows" if end == "preceding" else "current row"
        raise WindowingError(f"frame starting from following row cannot {'have' if end == 'preceding' else 'end with'} {rows}", at=end_at)
