"""`hub ledger breach`: whom to notify after a leak, and what a notice of it has to say (Decree 356/2025)."""

import io
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from hub.cli.ledger.log import open_log
from hub.cli.options import Json
from hub.cli.private_files import create_private_file
from hub.cli.shown_values import ShownValues, record_exported
from hub.cli.terminal import OUT, show_json, show_table
from hub.errors import OperationRefused
from hub.graph.ledger.breach_rows import COLUMNS, list_cells, write_people
from hub.ledger.log.breach import Breach, BreachedPerson, find_breach
from hub.ledger.log.looked_for import name_principal
from hub.ledger.writing.records import RecordKind

KEY = re.compile(r"(?:hub_)?([a-z2-7]{8})(?:_.*)?")
TO_FILL_IN = ("Bên kiểm soát dữ liệu", "Người liên hệ", "Nguyên nhân", "Hậu quả", "Biện pháp khắc phục")
"""What a notice has to say that the hub does not know: the controller, whom to ask, the cause, the harm, the remedy."""


def breach_command(
    *,
    since: Annotated[datetime, Parameter(help="Since when it was in wrong hands, e.g. 2026-07-01T08:00:00+07:00.")],
    until: Annotated[datetime | None, Parameter(help="Until when; by default, now.")] = None,
    key: Annotated[str | None, Parameter(help="The API key that leaked: its 8 characters, or all of it.")] = None,
    principal: Annotated[str | None, Parameter(help="Or the principal whose token leaked, by id.")] = None,
    to: Annotated[Path | None, Parameter(help="A CSV file for the people; only you may read it.")] = None,
    json: Json = False,
) -> None:
    """After a leak: list everyone whose data a credential read, to notify them. It is recorded in the ledger."""
    who = _name_credential(key, principal)
    end = until or datetime.now(UTC)
    if since.tzinfo is None or end.tzinfo is None:
        raise OperationRefused("an instant has no offset", next_step="write it with one: 2026-07-01T08:00:00+07:00")
    with open_log() as connection:
        found = find_breach(connection, who, since, end)
        details = {
            "looked_for": [f"breach of {name_principal(who)}", f"since={since.isoformat()}"],
            "people": len(found.people),
        }
        subjects = tuple((person.entity, person.number) for person in found.people)
        record_exported(connection, ShownValues((), subjects, RecordKind.EXPORT, details=details))
    if to is not None:
        _write_csv(to, found.people)
    if json:
        show_json({"notice": _make_notice(found), "people": [_describe(person) for person in found.people]})
        return
    show_table(
        "Thông báo vi phạm · Notice of a breach", ("", ""), [(n, str(v)) for n, v in _make_notice(found).items()]
    )
    if to is not None:
        OUT.print(f"{to}: {len(found.people):,} people")
    else:
        OUT.print("name a file with --to, or print --json, to see who they are")


def _name_credential(key: str | None, principal: str | None) -> str:
    if (key is None) is (principal is None):
        raise OperationRefused("no credential was named", next_step="give --key or --principal")
    if key is None:
        return str(principal)
    found = KEY.fullmatch(key.strip())
    if found is None:
        raise OperationRefused("this is no API key", next_step="give the 8 characters that `hub keys list` shows")
    return f"key:{found[1]}"


def _make_notice(found: Breach) -> dict[str, Any]:
    """The facts of a notice to the authority, and the lines that a person fills in."""
    facts = {
        "Thông tin truy cập": found.principal,
        "Từ": found.since.isoformat(timespec="seconds"),
        "Đến": found.until.isoformat(timespec="seconds"),
        "Số lượt đọc": found.reads,
        "Số chủ thể dữ liệu": len(found.people) + found.unknown,
        "Trong đó không xác định được": found.unknown,
        "Loại dữ liệu": ", ".join(found.categories),
    }
    if found.destroyed_months:
        facts["Tháng đã hủy khóa"] = ", ".join(f"{month:%m/%Y}" for month in found.destroyed_months)
    return {**facts, **dict.fromkeys(TO_FILL_IN, "…")}


def _describe(person: BreachedPerson) -> dict[str, Any]:
    return dict(zip(COLUMNS, list_cells(person), strict=True))


def _write_csv(path: Path, people: Iterable[BreachedPerson]) -> None:
    with io.TextIOWrapper(create_private_file(path), encoding="utf-8-sig", newline="") as out:
        write_people(people, out)
