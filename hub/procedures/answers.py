"""What a prefill answers, as frozen values that can be stored, compared and shown. `as_json` is their only form outside.

A value is typed, and names the record and the field that it stands in (`record_id`, `field`), so that a correction can be opened
from it, and the source with the instant for which it confirmed the value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

from pydantic import BaseModel

from hub.access.purpose_declaration import Bilingual, LegalBasis
from hub.model.names import to_camel_case
from hub.procedures.answering.statuses import SETTLED, AnswerStatus, Reason


class LossKind(Enum):
    """Why a value lost."""

    ALTERNATIVE = "ALTERNATIVE"
    DIFFERS = "DIFFERS"
    RECORDED_NAME = "RECORDED_NAME"
    DISCREPANCY = "DISCREPANCY"


@dataclass(frozen=True)
class LosingValue:
    """A value that another record or source has for the same thing, and that was not taken."""

    text: str
    kind: LossKind
    record_id: str | None
    field: str
    source: str | None
    as_of: datetime | None


@dataclass(frozen=True, kw_only=True)
class HeldValue:
    """A value with where it is from.

    `record_id` is a global id and `field` a field of that record as the graph names it. `link_status` is the weakest of the links
    on the way from the subject: CONFIRMED, PROBABLE, UNCONFIRMED or UNLINKED; None if no link is on the way.
    """

    record_id: str | None
    field: str
    source: str | None
    as_of: datetime | None
    link_status: str | None
    losing_values: tuple[LosingValue, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TextAnswer(HeldValue):
    """A text, or an identifier."""

    text: str


@dataclass(frozen=True, kw_only=True)
class NumberAnswer(HeldValue):
    """A number; `unit` as `m²`, None for a count or a pure number."""

    number: Decimal
    unit: str | None = None


@dataclass(frozen=True, kw_only=True)
class MoneyAnswer(HeldValue):
    """An amount of money. `currency` is a code of ISO 4217."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True)
class DateAnswer(HeldValue):
    """A day (`1954-03-12`) or, if that is all that is known, a year or a month (`1954`)."""

    date: str


@dataclass(frozen=True, kw_only=True)
class CodeAnswer(HeldValue):
    """A code of a code list, with its label."""

    code: str
    label: Bilingual


@dataclass(frozen=True, kw_only=True)
class PartyAnswer(HeldValue):
    """A person, a household or a business. `birth_date` as in `DateAnswer`."""

    name: str
    identifier: str | None
    birth_date: str | None


@dataclass(frozen=True, kw_only=True)
class ParcelAnswer(HeldValue):
    """A parcel of land."""

    number: str
    map_sheet: str | None
    ordinal: str | None
    address: str | None


@dataclass(frozen=True, kw_only=True)
class AddressAnswer(HeldValue):
    """An address: the part within the administrative unit, the unit's name, and its code with a date."""

    detail: str | None
    unit: str | None
    unit_code: str | None


@dataclass(frozen=True)
class RequirementSummary:
    """A requirement as its answer shows it (CCCEV Requirement). `kind` is DATA or DOCUMENT."""

    code: str
    label: Bilingual
    kind: str
    holder: str | None
    asked_of: str | None
    evidence: Bilingual | None
    legal_basis: LegalBasis | None
    max_age_days: int


@dataclass(frozen=True)
class ListItem:
    """One item of a list that is asked about: the requirement that has the list, and what tells the item from the others."""

    requirement: str
    key: str
    record_id: str | None


@dataclass(frozen=True)
class NoneHeld:
    """That there is none: what it means, and the complete read that says so."""

    label: Bilingual
    source: str
    as_of: datetime


@dataclass(frozen=True)
class RequirementAnswer:
    """The answer to one requirement: for one subject and, within a list, for one item of it.

    `role` is None if only the citizen can say. `subject_id` is the subject's global id, None if the hub does not hold it. `items` are from the
    outer list to the inner. `none` is set where the state holds that there is none.
    """

    requirement: RequirementSummary
    role: str | None
    subject_id: str | None
    items: tuple[ListItem, ...]
    status: AnswerStatus
    reasons: tuple[Reason, ...]
    values: tuple[HeldValue, ...] = ()
    none: NoneHeld | None = None

    @property
    def is_settled(self) -> bool:
        """Whether nobody is asked for it."""
        return self.status in SETTLED


@dataclass(frozen=True)
class SubjectSummary:
    """A subject that was read. `id` is its global id now, None if the hub does not hold it; `merged` if it was found by the identifier of a row that was merged into it."""

    role: str
    entity: str
    id: str | None
    merged: bool


@dataclass(frozen=True)
class BlockingFact:
    """Why the procedure cannot be done. `sure` is whether what it rests on is held; if not, a person has to look first.

    `requirement` and `items` say where it was found; None and empty if it is about the subject itself.
    """

    code: str
    label: Bilingual
    role: str | None
    requirement: str | None
    items: tuple[ListItem, ...]
    sure: bool


@dataclass(frozen=True)
class ProcedureSummary:
    """The procedure as it was answered. `declaration` is the SHA-256 of its files."""

    code: str
    version: str
    declaration: str
    name: Bilingual
    legal_basis: tuple[LegalBasis, ...]


@dataclass(frozen=True)
class Prefill:
    """The values that fill a procedure's form, and the questions left to ask. `at` is when it was answered."""

    procedure: ProcedureSummary
    dossier: str | None
    at: datetime
    subjects: tuple[SubjectSummary, ...]
    blocked_by: tuple[BlockingFact, ...]
    answers: tuple[RequirementAnswer, ...]

    @property
    def still_to_ask(self) -> tuple[RequirementAnswer, ...]:
        """What only the citizen can say, and what the state does not hold for sure. A blocked procedure asks nothing."""
        return () if self.blocked_by else tuple(answer for answer in self.answers if not answer.is_settled)


PLAIN = frozenset({str, int, bool, float, type(None)})


def as_json(value: Any) -> Any:
    """Any of these values as JSON: names in camel case, a held value with its `type`, decimals as text, instants in ISO 8601."""
    kind: Any = type(value)
    if kind in PLAIN:
        return value
    if kind is tuple or kind is list:
        return [as_json(one) for one in value]
    members = _list_members(kind)
    if members is not None:
        made = {name: as_json(getattr(value, attribute)) for attribute, name in members}
        return {"type": kind.__name__, **made} if isinstance(value, HeldValue) else made
    if isinstance(value, Mapping):
        return {str(name): as_json(one) for name, one in value.items()}
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


@cache
def _list_members(kind: Any) -> tuple[tuple[str, str], ...] | None:
    """The attributes of a class, each with its name in JSON; None if it is no dataclass and no model."""
    if is_dataclass(kind):
        return tuple((field.name, to_camel_case(field.name)) for field in fields(kind))
    return tuple((name, name) for name in kind.model_fields) if issubclass(kind, BaseModel) else None
