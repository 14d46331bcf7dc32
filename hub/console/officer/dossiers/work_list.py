"""The list of an office's dossiers: the filters of its page, and a dossier as one line of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from hub.access.purposes import Purpose
from hub.console import words
from hub.console.layout.navigation import DOSSIERS_PATH
from hub.errors import OperationRefused
from schema import units
from schema.alphabet import make_alphabet_key
from schema.core import Label

PAGE_SIZE = 25
SOON = timedelta(days=7)
"""How long before its end a dossier is said to expire soon."""
LONGEST_PREFIX = 60
EXPIRES_SOON, ALL = "SOON", "ALL"
STATES: Mapping[str, Label] = {
    "OPEN": Label("Đang mở", "open"),
    EXPIRES_SOON: Label(f"Hết hạn trong {SOON.days} ngày tới", f"expires within {SOON.days} days"),
    "EXPIRED": Label("Đã hết hạn, chưa đóng", "expired, not closed"),
    "CLOSED": Label("Đã đóng", "closed"),
    "WITHDRAWN": Label("Đã rút", "withdrawn"),
    ALL: Label("Tất cả", "all"),
}
"""What can be chosen: the states of the graph, and two of this page."""


@dataclass(frozen=True)
class WorkFilter:
    """Which dossiers the page lists. Empty texts do not restrict; `after` is a cursor."""

    state: str = "OPEN"
    purpose: str = ""
    prefix: str = ""
    is_mine: bool = False
    after: str = ""

    def make_variables(self, now: datetime) -> dict[str, Any]:
        """The variables of the operation."""
        given = {
            "state": None if self.state in (ALL, EXPIRES_SOON) else self.state,
            "expiresBefore": (now + SOON).isoformat() if self.state == EXPIRES_SOON else None,
            "purpose": self.purpose,
            "codePrefix": self.prefix,
            "mine": self.is_mine,
            "after": self.after,
        }
        return {"first": PAGE_SIZE, **{name: value for name, value in given.items() if value}}

    def make_address(self, after: str = "") -> str:
        """The address of a page of this list."""
        given = {"state": self.state, "purpose": self.purpose, "code": self.prefix}
        kept = {name: text for name, text in given.items() if text and (name, text) != ("state", "OPEN")}
        kept |= {"mine": "1"} if self.is_mine else {}
        kept |= {"after": after} if after else {}
        return f"{DOSSIERS_PATH}?{urlencode(kept)}" if kept else DOSSIERS_PATH


@dataclass(frozen=True)
class WorkItem:
    """A dossier of the list. `path` is its sheet while it is open, its receipt after it was closed, and None for no page."""

    code: str
    purpose: Label
    office: str
    parties: tuple[Label, ...]
    missing: tuple[Label, ...]
    state: str
    state_words: Label
    opened: str
    expires: str
    ended: str
    left: Label | None
    path: str | None


def read_filter(given: Mapping[str, str]) -> WorkFilter:
    """The filter in an address. Raises OperationRefused if it has a state that there is not, or is too long."""
    made = WorkFilter(
        state=given.get("state") or "OPEN",
        purpose=given.get("purpose", ""),
        prefix=given.get("code", "").strip().upper(),
        is_mine="mine" in given,
        after=given.get("after", ""),
    )
    if made.state not in STATES or len(made.prefix) > LONGEST_PREFIX:
        raise OperationRefused("the address has a filter that does not exist", next_step="open the list again")
    return made


def list_purposes(purposes: Mapping[str, Purpose], listed: str) -> dict[str, Label]:
    """The purposes that a dossier can be of, by name; with `listed`, if its folder is gone."""
    names = {
        code: Label(one.declaration.name.vi, one.declaration.name.en)
        for code, one in purposes.items()
        if one.declaration.dossier
    }
    ordered = dict(sorted(names.items(), key=lambda one: make_alphabet_key(one[1].vi)))
    return ordered if not listed or listed in ordered else {**ordered, listed: Label(listed, listed)}


def read_item(node: Mapping[str, Any], purposes: Mapping[str, Purpose], now: datetime, receipt_path: str) -> WorkItem:
    """A node of `dossiers` as a line of the list."""
    purpose = purposes.get(node["purpose"])
    expires = datetime.fromisoformat(node["expiresAt"])
    state = node["outcome"] or ("OPEN" if expires > now else "EXPIRED")
    roles = {} if purpose is None else purpose.declaration.subjects
    named = {
        one["role"]: Label(roles[one["role"]].name.vi, roles[one["role"]].name.en)
        if one["role"] in roles
        else Label(one["role"], one["role"])
        for one in node["subjects"]
    }
    return WorkItem(
        code=node["code"],
        purpose=Label(purpose.declaration.name.vi, purpose.declaration.name.en)
        if purpose
        else Label(node["purpose"], node["purpose"]),
        office=units.find_name(node["office"]) or node["office"],
        parties=tuple(named.values()),
        missing=tuple(dict.fromkeys(named[one["role"]] for one in node["subjects"] if not one["found"])),
        state=state,
        state_words=STATES[state],
        opened=words.show_instant(node["openedAt"]),
        expires=words.show_instant(node["expiresAt"]),
        ended=words.show_instant(node["endedAt"]),
        left=_tell_left(expires - now) if state == "OPEN" else None,
        path=_find_page(node["code"], state, purpose, receipt_path),
    )


def _tell_left(left: timedelta) -> Label | None:
    """How long a dossier is still open, if it is not long."""
    if left > SOON:
        return None
    if left < timedelta(days=1):
        return Label("Hết hạn trong 24 giờ tới", "expires within 24 hours")
    return Label(f"Còn {left.days} ngày", f"{left.days} day{'s' if left.days > 1 else ''} left")


def _find_page(code: str, state: str, purpose: Purpose | None, receipt_path: str) -> str | None:
    if purpose is None or not purpose.is_procedure:
        return None
    if state == "OPEN":
        return f"{DOSSIERS_PATH}/{quote(code, safe='')}"
    return receipt_path.format(code=quote(code, safe="")) if state == "CLOSED" else None
