"""A search of the log as an auditor types it, and its entries in words. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.access.purposes import Purpose
from hub.console.words import VIETNAM, show_instant
from hub.ledger.log.concerns import find_categories
from schema import units
from schema.alphabet import make_alphabet_key
from schema.core import Label

FIELDS: Mapping[str, Label] = {
    "since": Label("Từ ngày", "From"),
    "until": Label("Đến hết ngày", "To, inclusive"),
    "principal": Label("Ai xem", "Who"),
    "purpose": Label("Mục đích", "Purpose"),
    "dossier": Label("Hồ sơ", "Dossier"),
    "office": Label("Cơ quan", "Office"),
    "code": Label("Mã lỗi", "Error code"),
    "personalId": Label("Về người có số định danh", "About the person with this identifier"),
}
DAY_FIELDS = ("since", "until")
DAY_WRONG = Label("Viết ngày như 14/05/2026.", "Write a day like 14/05/2026.")
PERSON_WRONG = Label("Số định danh gồm 12 chữ số.", "An identifier has 12 digits.")
LONGEST_TEXT = 200
TOO_LONG = Label("Tối đa 200 ký tự.", "At most 200 characters.")
OUTCOME_WORDS: Mapping[str, Label] = {
    "ANSWERED": Label("Đã trả lời", "Answered"),
    "REFUSED": Label("Bị từ chối", "Refused"),
    "NOTHING_FOUND": Label("Không về người nào", "About nobody"),
    "FAILED": Label("Lỗi của trục", "Failed"),
}
KIND_WORDS: Mapping[str, Label] = {
    "EPOCH_BEGIN": Label("Bắt đầu chuỗi nhật ký", "A chain began"),
    "EPOCH_END": Label("Kết thúc chuỗi nhật ký", "A chain ended"),
    "READ": Label("Đọc dữ liệu", "Read"),
    "EVENT": Label("Gửi sự kiện", "Event"),
    "MASKED": Label("Đọc dữ liệu đã che", "Masked reads"),
    "COMMAND": Label("Lệnh trên máy chủ", "Command"),
    "EXPORT": Label("Xuất tệp", "Export"),
    "AUDIT": Label("Xem nhật ký", "Audit"),
    "KEEPING": Label("Quản lý nhật ký", "Keeping"),
}


@dataclass(frozen=True)
class LogSearch:
    """The fields as variables of AccessLog, and errors by field."""

    variables: Mapping[str, str]
    errors: Mapping[str, Label]


@dataclass(frozen=True)
class LogRow:
    """An entry in words. `about` are the kinds of data that its paths read; `is_intact`: the record still has its hash."""

    at: str
    kind: Label
    outcome: Label
    is_refused: bool
    code: str
    who: str
    purpose: Label | None
    dossier: str
    office: str
    office_code: str
    people: int
    about: tuple[Label, ...]
    paths: tuple[str, ...]
    number: str
    hash: str
    is_intact: bool


def read_search(given: Mapping[str, str]) -> LogSearch:
    """The search; days are those of Vietnam, and the last one is included."""
    variables, errors = {}, {}
    for name in FIELDS:
        text = given.get(name, "").strip()
        if not text:
            continue
        if len(text) > LONGEST_TEXT:
            errors[name] = TOO_LONG
        elif name in DAY_FIELDS:
            day = parse_day(text)
            if day is None:
                errors[name] = DAY_WRONG
            else:
                variables[name] = (day + timedelta(days=name == "until")).isoformat()
        elif name == "personalId":
            number = "".join(text.split())
            if len(number) == 12 and number.isascii() and number.isdecimal():
                variables[name] = number
            else:
                errors[name] = PERSON_WRONG
        else:
            variables[name] = text
    return LogSearch(variables, errors)


def parse_day(text: str) -> datetime | None:
    """The beginning of a day in Vietnam, or None."""
    try:
        return datetime.strptime(text, "%d/%m/%Y").replace(tzinfo=VIETNAM)
    except ValueError:
        return None


def list_purposes(purposes: Mapping[str, Purpose], chosen: str) -> dict[str, Label]:
    """The purposes that can be searched for, by name; with `chosen`, if its folder is gone."""
    named = {code: name_purpose(code, purposes) for code in [*purposes, *([chosen] if chosen else [])]}
    return dict(sorted(named.items(), key=lambda one: make_alphabet_key(one[1].vi)))


def name_purpose(code: str, purposes: Mapping[str, Purpose]) -> Label:
    """The name of a purpose; its code if its folder is gone."""
    known = purposes.get(code)
    return Label(known.declaration.name.vi, known.declaration.name.en) if known else Label(code, code)


def read_row(node: Mapping[str, Any], purposes: Mapping[str, Purpose]) -> LogRow:
    """An entry of `accessLog`."""
    unknown = Label("đã bị sửa", "edited")
    code, paths = node["office"] or "", tuple(node["paths"])
    return LogRow(
        at=show_instant(node["at"]),
        kind=KIND_WORDS.get(node["kind"], unknown),
        outcome=OUTCOME_WORDS.get(node["outcome"], unknown),
        is_refused=node["outcome"] in {"REFUSED", "FAILED"},
        code=node["code"] or "",
        who=node["principal"] or "",
        purpose=name_purpose(node["purpose"], purposes) if node["purpose"] else None,
        dossier=node["dossier"] or "",
        office=units.find_name(code) or "",
        office_code=code,
        people=sum(role["people"] for role in node["people"]),
        about=tuple(dict.fromkeys(find_categories(paths, own=True) + find_categories(paths, own=False))),
        paths=paths,
        number=f"{node['epoch'][:8]}/{node['number']}",
        hash=node["hash"],
        is_intact=node["intact"],
    )
