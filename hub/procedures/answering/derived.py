"""Derived values: an age, a sum, a count, or whether one thing occurs, or nothing but it. Each is computed from answers to other requirements."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hub.access.purpose_declaration import Bilingual
from hub.procedures.answering.conditions import number_of
from hub.procedures.answering.scopes import Work
from hub.procedures.answers import CodeAnswer, DateAnswer, HeldValue, LosingValue, MoneyAnswer, NumberAnswer
from hub.procedures.declaration.documents import LeafKind, SelectedField
from hub.procedures.declaration.requirements import Derivation, Requirement

ANSWERS = {True: ("YES", Bilingual(vi="Có", en="Yes")), False: ("NO", Bilingual(vi="Không", en="No"))}
Inputs = Mapping[str, Sequence[Work]]


def derive_value(
    rule: Derivation, requirement: Requirement, inputs: Inputs, at: datetime, source: Sequence[SelectedField] = ()
) -> HeldValue | None:
    """The value; None if an input does not give one. Its `as_of` is the oldest of its inputs', its source all of theirs.

    `source` are the fields that the rule's source is read from: they say of what a sum of nothing is.
    """
    if rule.rule == "sum":
        return _sum(rule, requirement, inputs, source)
    return _RULES[rule.rule](rule, requirement, inputs, at)


def _age(rule: Derivation, requirement: Requirement, inputs: Inputs, at: datetime) -> HeldValue | None:
    days = [value for value in _values(inputs, rule.source) if isinstance(value, DateAnswer)]
    years = years_between(days[0].date, at.date()) if len(days) == 1 else None
    return None if years is None else NumberAnswer(**_origin(requirement, inputs), number=Decimal(years))


def years_between(born: str, today: date) -> int | None:
    """Whole years from a date to today. Of a year alone the last day is taken: the age is certainly reached."""
    year, _, rest = born.partition("-")
    if not year.isdigit() or rest.count("-") not in (0, 1):
        return None
    month_day = rest if rest.count("-") == 1 else "12-31"
    years = today.year - int(year) - (f"{today:%m-%d}" < month_day)
    return years if years >= 0 else None


def _sum(
    rule: Derivation, requirement: Requirement, inputs: Inputs, source: Sequence[SelectedField]
) -> HeldValue | None:
    values = _values(inputs, rule.source)
    total = _total(values) - (_total(_values(inputs, rule.minus)) if rule.minus else Decimal(0))
    declared = next((leaf.unit for leaf in source if leaf.kind is LeafKind.MONEY), None)
    currency = next((value.currency for value in values if isinstance(value, MoneyAnswer)), declared)
    if currency is not None:
        return MoneyAnswer(**_origin(requirement, inputs), amount=total, currency=currency)
    unit = next((value.unit for value in values if isinstance(value, NumberAnswer)), None)
    return NumberAnswer(**_origin(requirement, inputs), number=total, unit=unit)


def _count(rule: Derivation, requirement: Requirement, inputs: Inputs, at: datetime) -> HeldValue | None:
    works = inputs[rule.source]
    number = sum(len(work.scopes) or len(work.answer.values) for work in works)
    return NumberAnswer(**_origin(requirement, inputs), number=Decimal(number))


def _none_other_than(rule: Derivation, requirement: Requirement, inputs: Inputs, at: datetime) -> HeldValue | None:
    assert rule.other is not None  # its model says so
    allowed = {_essence(value) for value in _values(inputs, rule.other)}
    others = [value for value in _values(inputs, rule.source) if _essence(value) not in allowed]
    code, label = ANSWERS[not others]
    return CodeAnswer(**_origin(requirement, inputs), code=code, label=label)


def _includes(rule: Derivation, requirement: Requirement, inputs: Inputs, at: datetime) -> HeldValue | None:
    assert rule.other is not None  # its model says so
    wanted = {_essence(value) for value in _values(inputs, rule.other)}
    code, label = ANSWERS[any(_essence(value) in wanted for value in _values(inputs, rule.source))]
    return CodeAnswer(**_origin(requirement, inputs), code=code, label=label)


_RULES: Mapping[str, Callable[[Derivation, Requirement, Inputs, datetime], HeldValue | None]] = {
    "age": _age,
    "count": _count,
    "includes": _includes,
    "none_other_than": _none_other_than,
}


def _values(inputs: Inputs, code: str) -> list[HeldValue]:
    return [value for work in inputs[code] for value in work.answer.values]


def _total(values: Sequence[HeldValue]) -> Decimal:
    return sum((number for value in values if (number := number_of(value)) is not None), Decimal(0))


def _essence(value: HeldValue) -> tuple[Any, ...]:
    """What makes two values the same, wherever they are from."""
    own = [field.name for field in fields(value) if field.name not in HeldValue.__dataclass_fields__]
    return (type(value), *(getattr(value, name) for name in own if name != "label"))


def _origin(requirement: Requirement, inputs: Inputs) -> dict[str, Any]:
    answers = [work.answer for works in inputs.values() for work in works]
    held = [(value.source, value.as_of) for answer in answers for value in answer.values]
    held += [(answer.none.source, answer.none.as_of) for answer in answers if answer.none is not None]
    instants = [as_of for _, as_of in held if as_of is not None]
    statuses = {value.link_status for answer in answers for value in answer.values}
    losing: tuple[LosingValue, ...] = ()
    return {
        "record_id": None,
        "field": requirement.code,
        "source": ", ".join(sorted({source for source, _ in held if source})) or None,
        "as_of": min(instants, default=None),
        "link_status": next((s for s in ("UNLINKED", "UNCONFIRMED", "PROBABLE", "CONFIRMED") if s in statuses), None),
        "losing_values": losing,
    }
