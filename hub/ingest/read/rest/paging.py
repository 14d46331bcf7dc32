"""Paging: which page is asked for first, and which after it. Pure, and one class for each way that sources page.

A page is named by where it begins: its number, its offset, the token or the address that the page before it gave; "" is the
first where pages name each other. A source that turns in circles is refused, in constant memory (R. P. Brent's algorithm: one
name is kept, moved on at every power of two; a circle of any length comes back to it).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.errors import SourceUnavailable
from hub.ingest.read.json_rows import Row
from hub.ingest.read.rest.next_page import next_link
from hub.sdk.paging import CursorPaging, LinkPaging, NextPaging, OffsetPaging, PageEnd, PagePaging, Paging
from hub.sdk.paths import AmbiguousPath, select, steps_of

At = int | str
MOST_EMPTY = 1_000
"""Pages without rows, one after another, that name a next one."""


@dataclass(frozen=True)
class Page:
    """One page: its rows, the document they are in, its Link header."""

    rows: Sequence[Row]
    document: Any
    link: str


NO_PAGE = Page((), None, "")
"""What a source gives that answers without content."""


class Pages:
    """One page, the body."""

    kind = ""
    """How a state names where a page is; "" where no read can go on in the middle."""
    again = False
    """Whether a read that goes on asks for the last page again, as numbers and offsets may have moved."""
    addressed = False
    """Whether pages after the first are named by their addresses."""
    ends: Sequence[PageEnd] = ()
    """How the source may answer beyond its last page."""

    def __init__(self, where: str) -> None:
        self.where = where

    def first(self) -> At:
        """The first page."""
        return ""

    def parameters(self, at: At) -> Mapping[str, str]:
        """What asks for the page."""
        return {}

    def after(self, at: At, page: Page) -> At | None:
        """The page after it; None at the end. Raises SourceUnavailable where the source contradicts itself."""
        return None

    def ahead(self, at: At, count: int) -> Sequence[At]:
        """Up to `count` pages that follow for sure, as far as the source has said."""
        return ()

    def _contradiction(self, what: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self.where}: {what}", next_step="ask the owner whether paging works; nothing was changed in the store"
        )


class Numbered(Pages):
    """Pages by number or by offset; both may state their end, which may move while they are read."""

    again = True

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.total: int | None = None
        self.least: int | None = None

    def _gone(self, page: Page, path: str) -> int:
        """Take over what the page states at `path`. Returns by how much it is less than ever before: rows went, and
        as many others may have moved up over the beginning of this page, where they would never be read.
        """
        stated = _at(page.document, path)
        if not isinstance(stated, str) or not stated.isdecimal():
            raise SourceUnavailable(
                f"{self.where}: a page does not state {path}", next_step="ask the owner whether the API changed"
            )
        self.total = int(stated)
        gone = 0 if self.least is None else max(self.least - self.total, 0)
        self.least = self.total if self.least is None else min(self.least, self.total)
        return gone


class ByNumber(Numbered):
    """Pages by number."""

    kind = "page"

    def __init__(self, where: str, paging: PagePaging) -> None:
        super().__init__(where)
        self.paging = paging
        self.ends = paging.end

    def first(self) -> At:
        return self.paging.first

    def parameters(self, at: At) -> Mapping[str, str]:
        return {self.paging.parameter: str(at), **size_of(self.paging)}

    def after(self, at: At, page: Page) -> At | None:
        assert isinstance(at, int)
        if self.paging.total_pages is None:
            return at + 1 if page.rows else None
        gone = self._gone(page, self.paging.total_pages)
        following = max(at - gone, self.paging.first) if gone else at + 1
        if not page.rows and at <= self._last() and self._last() > self.paging.first:
            raise self._contradiction(f"page {at} of {self.total} is empty")
        return following if following <= self._last() else None

    def ahead(self, at: At, count: int) -> Sequence[At]:
        assert isinstance(at, int)
        return range(at, min(at + count, self._last() + 1)) if self.total else ()

    def _last(self) -> int:
        return self.paging.first + (self.total or 0) - 1


class ByOffset(Numbered):
    """Offset and limit. It moves on by the rows that came: a source may give fewer at once than it is asked for."""

    kind = "offset"

    def __init__(self, where: str, paging: OffsetPaging) -> None:
        super().__init__(where)
        self.paging = paging
        self.longest: int | None = None

    def first(self) -> At:
        return 0

    def parameters(self, at: At) -> Mapping[str, str]:
        return {self.paging.parameter: str(at), **size_of(self.paging)}

    def after(self, at: At, page: Page) -> At | None:
        assert isinstance(at, int)
        came = len(page.rows)
        if self.paging.total is not None:
            gone = self._gone(page, self.paging.total)
            if not came and at < (self.total or 0):
                raise self._contradiction(f"the page at {at} of {self.total} is empty")
            following = max(at - gone, 0) if gone else at + came
            return following if following < (self.total or 0) else None
        # Only beside a longer page is a page short: the first may be all that a source gives at once.
        short = self.longest is not None and came < self.longest
        self.longest = max(came, self.longest or 0)
        return None if short or not came else at + came

    def ahead(self, at: At, count: int) -> Sequence[At]:
        assert isinstance(at, int)
        size = self.paging.size
        return range(at, min(at + count * size, self.total), size) if self.total else ()


class Named(Pages):
    """Pages that each name the next."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.kept: At = ""
        self.steps, self.power = 0, 1
        self.empty = 0

    def _new(self, following: str | None, page: Page) -> str | None:
        if following is None:
            return None
        self.empty = 0 if page.rows else self.empty + 1
        if following == self.kept or self.empty > MOST_EMPTY:
            raise self._contradiction("the pages turn in a circle: one names a next that was read before")
        self.steps += 1
        if self.steps == self.power:
            self.kept, self.steps, self.power = following, 0, self.power * 2
        return following


class ByToken(Named):
    """Each page has the token of the next."""

    kind = "token"

    def __init__(self, where: str, paging: CursorPaging) -> None:
        super().__init__(where)
        self.paging = paging

    def parameters(self, at: At) -> Mapping[str, str]:
        return {**size_of(self.paging), **({self.paging.parameter: str(at)} if at != "" else {})}

    def after(self, at: At, page: Page) -> At | None:
        token = _at(page.document, self.paging.next)
        if token in (None, False, ""):
            return None
        if not isinstance(token, str):
            raise SourceUnavailable(
                f"{self.where}: {self.paging.next} is no token", next_step="ask the owner whether the API changed"
            )
        return self._new(token, page)


class ByLink(Named):
    """Each page has the address of the next in its header. An address has all parameters in it."""

    kind = "link"
    addressed = True

    def __init__(self, where: str, paging: LinkPaging) -> None:
        super().__init__(where)
        self.paging = paging

    def parameters(self, at: At) -> Mapping[str, str]:
        return {} if at != "" else size_of(self.paging)

    def after(self, at: At, page: Page) -> At | None:
        return self._new(next_link(page.link), page)


class ByNext(Named):
    """Each page has the address of the next in its body. An address has all parameters in it."""

    kind = "next"
    addressed = True

    def __init__(self, where: str, paging: NextPaging) -> None:
        super().__init__(where)
        self.paging = paging

    def parameters(self, at: At) -> Mapping[str, str]:
        return {} if at != "" else size_of(self.paging)

    def after(self, at: At, page: Page) -> At | None:
        address = _at(page.document, self.paging.path)
        if address in (None, False, ""):
            return None
        if not isinstance(address, str):
            what = "an object: name the member with the address" if isinstance(address, dict) else "no address"
            raise SourceUnavailable(
                f"{self.where}: {self.paging.path} is {what}",
                next_step='correct paging.path, e.g. "_links.next.href", or ask the owner whether the API changed',
            )
        return self._new(address, page)


def _at(document: Any, path: str) -> Any:
    """What a page states at a path; None where it states nothing, or several things."""
    try:
        return select(document, steps_of(path))
    except AmbiguousPath:
        return None


def pages_of(where: str, paging: Paging | None) -> Pages:
    """How a stream pages."""
    match paging:
        case PagePaging():
            return ByNumber(where, paging)
        case OffsetPaging():
            return ByOffset(where, paging)
        case CursorPaging():
            return ByToken(where, paging)
        case LinkPaging():
            return ByLink(where, paging)
        case NextPaging():
            return ByNext(where, paging)
        case None:
            return Pages(where)


def size_of(paging: Paging | None) -> Mapping[str, str]:
    """What asks for pages of the declared size."""
    return {paging.size_parameter: str(paging.size)} if paging and paging.size_parameter else {}
