"""One page of the log as a statement: newest first, by keyset. Pure; values are bound.

Fields without a column are looked for in the stored bytes: a record is compact JSON, within whose texts a quote is always escaped, so
`,"purpose":"identify"` matches that member and nothing else. An edited record that is no JSON any more stops no search.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import orjson

from hub.errors import OperationRefused
from hub.ledger.log.entries import LogPosition
from hub.ledger.months import LedgerMonth, month_of

MAX_PAGE = 200
MAX_TEXT_CHARS = 200
MEMBERS = {"app": "app", "purpose": "purpose", "outcome": "outcome", "kind": "kind", "code": "code", "office": "office"}
"""Condition → member of the record."""
COLUMNS = {"principal": "principal", "dossier": "dossier"}
FIELDS = "r.epoch, r.number, r.record, r.hash, r.at"
OPERATION = """
left join ledger.operation o
    on o.hash = decode(substring(encode(r.record, 'escape') from '"operation":"([0-9a-f]{64})"'), 'hex')"""
TOLD = """position(',"code":"SUBJECT_SEALED"'::bytea in r.record) = 0 and (
    position(',"purpose":'::bytea in r.record) = 0
    or exists (select from unnest(%(at_once)s::bytea[]) m(member) where position(m.member in r.record) > 0)
    or exists (select from unnest(%(after_closing)s::bytea[]) m(member) where position(m.member in r.record) > 0)
        and not exists (
            select from hub.dossier d where d.code = r.dossier and d.ended_at is null and d.expires_at > now()
        )
)"""
"""Entries that a citizen may be told of. Reads refused because of a seal are left out: the others in them would learn of the seal. It is a condition
of the page, so that no cursor stands at an entry that is left out."""
MONTHS = "select first_day, opened_at, subject_key from ledger.month order by first_day"


@dataclass(frozen=True)
class LogFilter:
    """Conditions on entries; all must hold. `since` is included, `until` is not. Raises OperationRefused for a long text."""

    since: datetime | None = None
    until: datetime | None = None
    principal: str | None = None
    app: str | None = None
    purpose: str | None = None
    dossier: str | None = None
    outcome: str | None = None
    kind: str | None = None
    code: str | None = None
    office: str | None = None

    def __post_init__(self) -> None:
        for name in (*MEMBERS, *COLUMNS):
            if len(getattr(self, name) or "") > MAX_TEXT_CHARS:
                raise OperationRefused(
                    f"{name} is longer than {MAX_TEXT_CHARS} characters", next_step="give it as the log shows it"
                )
        for name in ("since", "until"):
            if (instant := getattr(self, name)) is not None and instant.tzinfo is None:
                raise OperationRefused(
                    f"{name} has no offset", next_step="write it with one, e.g. 2026-07-01T00:00:00+07:00"
                )


@dataclass(frozen=True)
class MonthlyPseudonym:
    """How one person is written down in one month."""

    month: date
    pseudonym: bytes


@dataclass(frozen=True)
class ToldPurposes:
    """Codes of the purposes that citizens are told of: at once, or when the dossier has ended.

    A purpose that is in neither list is not told, and so is one whose folder is gone: nobody can say any more what it was.
    """

    at_once: tuple[str, ...]
    after_closing: tuple[str, ...]


@dataclass(frozen=True)
class LogQuery:
    """A statement with its parameters."""

    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


def make_pseudonyms(
    months: Sequence[LedgerMonth], people: Sequence[tuple[str, int]], wanted: LogFilter
) -> tuple[MonthlyPseudonym, ...]:
    """The pseudonyms of a person's rows (entity and number of each) in every month that has a key and may have entries."""
    return tuple(
        MonthlyPseudonym(month.first_day, month.pseudonym(entity, number))
        for month in months
        if (wanted.until is None or month.first_day <= month_of(wanted.until))
        # A chain that began in a month goes on for a moment after it.
        and (wanted.since is None or month.first_day >= _month_before(month_of(wanted.since)))
        for entity, number in people
    )


def build_log_query(
    wanted: LogFilter,
    *,
    rows: int,
    after: LogPosition | None = None,
    whose: Sequence[MonthlyPseudonym] | None = None,
    told: ToldPurposes | None = None,
) -> LogQuery:
    """The statement of `rows` entries, each with the fields that were asked for. `whose` limits it to one person's."""
    conditions, parameters = _conditions(wanted, after)
    if told is not None:
        conditions.append(TOLD)
        parameters |= {
            name: [_member("purpose", code) for code in getattr(told, name)] for name in ("at_once", "after_closing")
        }
    where = " and ".join(conditions) or "true"
    order = "r.at desc, r.epoch desc, r.number desc"
    parameters["rows"] = rows
    if whose is None:
        page = f"select {FIELDS} from ledger.record r where {where} order by {order} limit %(rows)s"  # noqa: S608 constants
    else:
        parameters["months"] = [one.month for one in whose]
        parameters["pseudonyms"] = [one.pseudonym for one in whose]
        # Of each month no more than a page, so someone who is read ten thousand times a day costs no more than others.
        page = f"""
        select distinct on (r.at, r.epoch, r.number) {FIELDS}
        from unnest(%(months)s::date[], %(pseudonyms)s::bytea[]) p(month, pseudonym)
        cross join lateral (
            select {FIELDS}
            from ledger.disclosure d
            join ledger.record r on r.month = d.month and r.epoch = d.epoch and r.number = d.number
            where d.month = p.month and d.subject = p.pseudonym and {where}
            order by {order} limit %(rows)s
        ) r
        order by {order} limit %(rows)s"""  # noqa: S608 constants
    sql = f"select {FIELDS}, o.paths from ({page}) r {OPERATION} order by {order}"  # noqa: S608 constants
    return LogQuery(sql, parameters)


def _conditions(wanted: LogFilter, after: LogPosition | None) -> tuple[list[str], dict[str, Any]]:
    found: list[str] = []
    values: dict[str, Any] = {}
    if wanted.since is not None:
        found += ["r.at >= %(since)s", "r.month >= %(since_month)s"]
        values |= {"since": wanted.since, "since_month": _month_before(month_of(wanted.since))}
    if wanted.until is not None:
        found += ["r.at < %(until)s", "r.month <= %(until_month)s"]
        values |= {"until": wanted.until, "until_month": month_of(wanted.until)}
    if after is not None:
        found += [
            "r.at <= %(after_at)s",
            "(r.at, r.epoch, r.number) < (%(after_at)s, %(after_epoch)s, %(after_number)s)",
        ]
        values |= {"after_at": after.at, "after_epoch": after.epoch, "after_number": after.number}
    for name in COLUMNS:
        if (value := getattr(wanted, name)) is not None:
            found.append(f"r.{COLUMNS[name]} = %({name})s")
            values[name] = value
    for name, member in MEMBERS.items():
        if (value := getattr(wanted, name)) is not None:
            found.append(f"position(%({name})b::bytea in r.record) > 0")
            values[name] = _member(member, value)
    return found, values


def _member(name: str, value: str) -> bytes:
    """A member of a record as it stands in the stored bytes, after the one before it."""
    return f',"{name}":'.encode() + orjson.dumps(value)


def _month_before(first_day: date) -> date:
    return (
        first_day.replace(year=first_day.year - 1, month=12)
        if first_day.month == 1
        else first_day.replace(month=first_day.month - 1)
    )
