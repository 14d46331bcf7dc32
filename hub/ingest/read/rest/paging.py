"""Paging: which page to request first, and which after it. Pure, with one class per paging style.

A page is named by where it begins: its number, its offset, or the token or address given by the page before it; "" is
the first page if pages name each other. Endless loops are detected in constant memory with R. P. Brent's algorithm: one
name is remembered and replaced at every power of two, so a loop of any length returns to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.errors import SourceUnavailable
from hub.ingest.read.json_rows import JsonRow
from hub.ingest.read.rest.next_page import find_next_link
from hub.sdk.paging import CursorPaging, LinkPaging, NextPaging, OffsetPaging, PageEnd, PagePaging, Paging
from hub.sdk.paths import AmbiguousPath, parse_path, select_value

PageName = int | str
MAX_EMPTY_PAGES = 1_000
"""Maximum number of consecutive pages that have no rows but name a next page."""


@dataclass(frozen=True)
class RestPage:
    """One page: its rows, its document, its Link header."""

    rows: Sequence[JsonRow]
    document: Any
    link: str


EMPTY_PAGE = RestPage((), None, "")
"""The page of a source that answers without content."""


class SinglePage:
    """A single page: the body."""

    kind = ""
    """How a state names the position of a page; "" if no read can continue in the middle."""
    rereads_last = False
    """Whether a resumed read requests the last page again, because numbers and offsets may have shifted."""
    addressed = False
    """Whether pages after the first are named by their addresses."""
    ends: Sequence[PageEnd] = ()
    """How the source may answer beyond its last page."""

    def __init__(self, where: str) -> None:
        self.where = where

    def first(self) -> PageName:
        """Return the first page."""
        return ""

    def build_parameters(self, at: PageName) -> Mapping[str, str]:
        """Return the parameters that request a page."""
        return {}

    def find_next(self, at: PageName, page: RestPage) -> PageName | None:
        """Return the page after this one; None at the end. Raises SourceUnavailable if the source contradicts itself."""
        return None

    def list_ahead(self, at: PageName, count: int) -> Sequence[PageName]:
        """Return up to `count` pages that certainly follow, according to the source."""
        return ()

    def _describe_contradiction(self, what: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self.where}: {what}", next_step="ask the owner whether paging works; the store is unchanged"
        )


class NumberedPages(SinglePage):
    """Pages by number or by offset. Both may state their total, which may change while they are read."""

    rereads_last = True

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.total: int | None = None
        self.least: int | None = None

    def _count_gone(self, page: RestPage, path: str) -> int:
        """Take over the total that the page states at `path`.

        Returns how much it shrank below its lowest value so far: that many rows were deleted, and as many others may
        have moved up across the beginning of this page, where they would never be read.
        """
        stated = _get_at_path(page.document, path)
        if not isinstance(stated, str) or not stated.isdecimal():
            raise SourceUnavailable(
                f"{self.where}: a page does not state {path}", next_step="ask the owner whether the API changed"
            )
        self.total = int(stated)
        gone = 0 if self.least is None else max(self.least - self.total, 0)
        self.least = self.total if self.least is None else min(self.least, self.total)
        return gone


class PagesByNumber(NumberedPages):
    """Pages by number."""

    kind = "page"

    def __init__(self, where: str, paging: PagePaging) -> None:
        super().__init__(where)
        self.paging = paging
        self.ends = paging.end

    def first(self) -> PageName:
        return self.paging.first

    def build_parameters(self, at: PageName) -> Mapping[str, str]:
        return {self.paging.parameter: str(at), **build_size_parameter(self.paging)}

    def find_next(self, at: PageName, page: RestPage) -> PageName | None:
        assert isinstance(at, int)
        if self.paging.total_pages is None:
            return at + 1 if page.rows else None
        gone = self._count_gone(page, self.paging.total_pages)
        following = max(at - gone, self.paging.first) if gone else at + 1
        if not page.rows and at <= self._find_last() and self._find_last() > self.paging.first:
            raise self._describe_contradiction(f"page {at} of {self.total} is empty")
        return following if following <= self._find_last() else None

    def list_ahead(self, at: PageName, count: int) -> Sequence[PageName]:
        assert isinstance(at, int)
        return range(at, min(at + count, self._find_last() + 1)) if self.total else ()

    def _find_last(self) -> int:
        return self.paging.first + (self.total or 0) - 1


class PagesByOffset(NumberedPages):
    """Offset and limit. Advances by the rows that arrived: a source may return fewer than requested."""

    kind = "offset"

    def __init__(self, where: str, paging: OffsetPaging) -> None:
        super().__init__(where)
        self.paging = paging
        self.longest: int | None = None

    def first(self) -> PageName:
        return 0

    def build_parameters(self, at: PageName) -> Mapping[str, str]:
        return {self.paging.parameter: str(at), **build_size_parameter(self.paging)}

    def find_next(self, at: PageName, page: RestPage) -> PageName | None:
        assert isinstance(at, int)
        came = len(page.rows)
        if self.paging.total is not None:
            gone = self._count_gone(page, self.paging.total)
            if not came and at < (self.total or 0):
                raise self._describe_contradiction(f"the page at {at} of {self.total} is empty")
            following = max(at - gone, 0) if gone else at + came
            return following if following < (self.total or 0) else None
        # A page is short only compared with a longer one: the first page may already be the source's maximum.
        short = self.longest is not None and came < self.longest
        self.longest = max(came, self.longest or 0)
        return None if short or not came else at + came

    def list_ahead(self, at: PageName, count: int) -> Sequence[PageName]:
        assert isinstance(at, int)
        size = self.paging.size
        return range(at, min(at + count * size, self.total), size) if self.total else ()


class LinkedPages(SinglePage):
    """Pages that each name the next one."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.kept: PageName = ""
        self.steps, self.power = 0, 1
        self.empty = 0

    def _check_loop(self, following: str | None, page: RestPage) -> str | None:
        if following is None:
            return None
        self.empty = 0 if page.rows else self.empty + 1
        if following == self.kept or self.empty > MAX_EMPTY_PAGES:
            raise self._describe_contradiction("the pages form a loop: a page names one that was already read")
        self.steps += 1
        if self.steps == self.power:
            self.kept, self.steps, self.power = following, 0, self.power * 2
        return following


class PagesByToken(LinkedPages):
    """Each page has the token of the next."""

    kind = "token"

    def __init__(self, where: str, paging: CursorPaging) -> None:
        super().__init__(where)
        self.paging = paging

    def build_parameters(self, at: PageName) -> Mapping[str, str]:
        return {**build_size_parameter(self.paging), **({self.paging.parameter: str(at)} if at != "" else {})}

    def find_next(self, at: PageName, page: RestPage) -> PageName | None:
        token = _get_at_path(page.document, self.paging.next)
        if token in (None, False, ""):
            return None
        if not isinstance(token, str):
            raise SourceUnavailable(
                f"{self.where}: {self.paging.next} is not a token", next_step="ask the owner whether the API changed"
            )
        return self._check_loop(token, page)


class PagesByLink(LinkedPages):
    """Each page has the address of the next in its Link header. The address contains all parameters."""

    kind = "link"
    addressed = True

    def __init__(self, where: str, paging: LinkPaging) -> None:
        super().__init__(where)
        self.paging = paging

    def build_parameters(self, at: PageName) -> Mapping[str, str]:
        return {} if at != "" else build_size_parameter(self.paging)

    def find_next(self, at: PageName, page: RestPage) -> PageName | None:
        return self._check_loop(find_next_link(page.link), page)


class PagesByBody(LinkedPages):
    """Each page has the address of the next in its body. The address contains all parameters."""

    kind = "next"
    addressed = True

    def __init__(self, where: str, paging: NextPaging) -> None:
        super().__init__(where)
        self.paging = paging

    def build_parameters(self, at: PageName) -> Mapping[str, str]:
        return {} if at != "" else build_size_parameter(self.paging)

    def find_next(self, at: PageName, page: RestPage) -> PageName | None:
        address = _get_at_path(page.document, self.paging.path)
        if address in (None, False, ""):
            return None
        if not isinstance(address, str):
            what = "an object: name the member with the address" if isinstance(address, dict) else "not an address"
            raise SourceUnavailable(
                f"{self.where}: {self.paging.path} is {what}",
                next_step='correct paging.path, e.g. "_links.next.href", or ask the owner whether the API changed',
            )
        return self._check_loop(address, page)


def _get_at_path(document: Any, path: str) -> Any:
    """Return what a page states at a path. None if there is nothing, or if the path is ambiguous."""
    try:
        return select_value(document, parse_path(path))
    except AmbiguousPath:
        return None


def select_paging(where: str, paging: Paging | None) -> SinglePage:
    """Return the paging of a stream."""
    match paging:
        case PagePaging():
            return PagesByNumber(where, paging)
        case OffsetPaging():
            return PagesByOffset(where, paging)
        case CursorPaging():
            return PagesByToken(where, paging)
        case LinkPaging():
            return PagesByLink(where, paging)
        case NextPaging():
            return PagesByBody(where, paging)
        case None:
            return SinglePage(where)


def build_size_parameter(paging: Paging | None) -> Mapping[str, str]:
    """Return the parameters that request the declared page size."""
    return {paging.size_parameter: str(paging.size)} if paging and paging.size_parameter else {}
