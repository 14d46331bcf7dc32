"""Conditions: whether the values of other requirements satisfy a rule. A rule is broken only if that is sure."""

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum

from hub.procedures.answering.scopes import Work
from hub.procedures.answers import CodeAnswer, DateAnswer, HeldValue, MoneyAnswer, NumberAnswer, TextAnswer
from hub.procedures.declaration.requirements import RequirementCondition


class ConditionOutcome(Enum):
    """The state of a condition."""

    MET = "MET"
    NOT_MET = "NOT_MET"
    UNKNOWN = "UNKNOWN"


def test_condition(condition: RequirementCondition, works: Sequence[Work]) -> ConditionOutcome:
    """Whether one value of the answers satisfies a condition. Not met only if every answer is settled: a missing or unsure one may still satisfy it."""
    values = [value for work in works for value in work.answer.values]
    items = sum(len(work.scopes) for work in works)
    settled = bool(works) and all(work.answer.is_settled for work in works)
    if condition.present is False:
        there = bool(values) or bool(items)
        return ConditionOutcome.NOT_MET if there else ConditionOutcome.MET if settled else ConditionOutcome.UNKNOWN
    if any(_satisfies(condition, value) for value in values) or (items and _is_presence_only(condition)):
        return ConditionOutcome.MET
    return ConditionOutcome.NOT_MET if settled else ConditionOutcome.UNKNOWN


def _is_presence_only(condition: RequirementCondition) -> bool:
    return not condition.among and condition.at_least is None and condition.at_most is None


def _satisfies(condition: RequirementCondition, value: HeldValue) -> bool:
    if condition.among and text_of(value) not in condition.among:
        return False
    number = number_of(value)
    if condition.at_least is not None and (number is None or number < Decimal(str(condition.at_least))):
        return False
    return condition.at_most is None or (number is not None and number <= Decimal(str(condition.at_most)))


def text_of(value: HeldValue) -> str | None:
    """A value as a code or a text; None for one of several parts."""
    if isinstance(value, CodeAnswer):
        return value.code
    if isinstance(value, TextAnswer):
        return value.text
    if isinstance(value, DateAnswer):
        return value.date
    number = number_of(value)
    return None if number is None else str(number)


def number_of(value: HeldValue) -> Decimal | None:
    """The number or amount of a value; None if it has none."""
    if isinstance(value, NumberAnswer):
        return value.number
    return value.amount if isinstance(value, MoneyAnswer) else None
