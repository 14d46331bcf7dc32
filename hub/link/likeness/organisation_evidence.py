"""Evidence for businesses as a table of declared weights, in bits, and what it takes to be accepted. Pure.

Declared, not learned: the records left to weigh state a name and an address, and the pairs that a tax code confirms, from which rates
could be learned, are a few hundred in a province and are those of the offices that do write the code.

    name, of an enterprise        exact +12, without marks +11: protected in the whole country (Law on Enterprises, art. 38 and 41)
    name, of a household business exact +8, without marks +7: many are called after a trade and a given name
    name                          other marks +4 (Hùng, Hưng), one letter off +4, differs -8
    legal form                    same +2, possible +1 (`Công ty TNHH` may have one member or several), differs -8
    address                       same group +8, same hamlet +6, same commune +4, another hamlet of it +1, another commune -6;
                                  if no commune is written, same group +5, same hamlet +2, another hamlet -3: hamlets are numbered
    tax code                      equal +10, one digit off +6, another -12
    representative                agrees +8: the identifier of a person with a confirmed role in it
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from hub.link.normalise.organisations import Organisation

ACCEPT, LEAD, REVIEW = 13.0, 4.0, 8.0
"""Bits from which a business is accepted, by which it has to lead the next, and from which it is worth a look."""
BITS = {
    ("name", "exact, protected"): 12.0,
    ("name", "without marks, protected"): 11.0,
    ("name", "exact"): 8.0,
    ("name", "without marks"): 7.0,
    ("name", "other marks"): 4.0,
    ("name", "one letter off"): 4.0,
    ("name", "differs"): -8.0,
    ("legalForm", "same"): 2.0,
    ("legalForm", "possible"): 1.0,
    ("legalForm", "differs"): -8.0,
    ("address", "same group of the hamlet"): 8.0,
    ("address", "same hamlet"): 6.0,
    ("address", "same commune"): 4.0,
    ("address", "another hamlet of the commune"): 1.0,
    ("address", "another commune"): -6.0,
    ("address", "same group, commune not stated"): 5.0,
    ("address", "same hamlet, commune not stated"): 2.0,
    ("address", "another hamlet, commune not stated"): -3.0,
    ("taxCode", "equal"): 10.0,
    ("taxCode", "one digit off"): 6.0,
    ("taxCode", "another"): -12.0,
    ("representative", "agrees"): 8.0,
}
MISSING = "missing"
HOUSEHOLD_BUSINESS = "HOUSEHOLD_BUSINESS"
SHORTEST = 8
"""Letters of a core name from which one letter may be off: shorter ones are too near to others."""


@dataclass(frozen=True)
class Seat:
    """Where it is, as `hub.link.normalise` reads it."""

    units: frozenset[str] = frozenset()
    hamlet: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Side:
    """A business as a sector recorded it, or as the register holds it. `form` is null if a sector says only that it is an
    enterprise; `numbers` are tax codes without their branch, and `people` identifiers of who stands for it."""

    name: Organisation
    kind: str
    form: str | None = None
    seat: Seat = Seat()
    numbers: frozenset[str] = frozenset()
    people: Collection[str] = field(default=frozenset())


def compare_organisations(recorded: Side, held: Side) -> tuple[tuple[str, str], ...]:
    """Each comparison with its outcome."""
    form = _form(recorded, held)
    return (
        ("name", _name(recorded.name, held.name, protected=held.kind != HOUSEHOLD_BUSINESS and form != "differs")),
        ("legalForm", form),
        ("address", _address(recorded.seat, held.seat)),
        ("taxCode", _tax_code(recorded, held)),
        ("representative", "agrees" if recorded.numbers & frozenset(held.people) else MISSING),
    )


def weigh_outcomes(outcomes: Collection[tuple[str, str]]) -> float:
    """The sum of the weights of outcomes."""
    return sum(BITS.get(outcome, 0.0) for outcome in outcomes)


def one_edit_apart(one: str, other: str) -> bool:
    """Whether one letter was left out, added, mistyped, or exchanged with the next."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[at:], other[at:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and len(b) > 1 and a[2:] == b[2:])


def _name(one: Organisation, other: Organisation, *, protected: bool) -> str:
    behind = ", protected" if protected else ""
    if one.core == other.core:
        return f"exact{behind}"
    if one.core_ascii == other.core_ascii:
        unmarked = one.core_ascii in (one.core, other.core)
        return f"without marks{behind}" if unmarked else "other marks"
    if len(other.core_ascii) >= SHORTEST and one_edit_apart(one.core_ascii, other.core_ascii):
        return "one letter off"
    return "differs"


def _form(recorded: Side, held: Side) -> str:
    if recorded.name.forms:
        if held.form not in recorded.name.forms:
            return "differs"
        return "same" if len(recorded.name.forms) == 1 else "possible"
    return "same" if recorded.kind == HOUSEHOLD_BUSINESS else "possible"


def _address(one: Seat, other: Seat) -> str:
    if not one.units or not other.units:
        return _hamlet(one, other)
    if not one.units & other.units:
        return "another commune"
    if one.hamlet and other.hamlet:
        if one.hamlet != other.hamlet:
            return "another hamlet of the commune"
        return "same group of the hamlet" if one.group and one.group == other.group else "same hamlet"
    return "same commune"


def _hamlet(one: Seat, other: Seat) -> str:
    if not one.hamlet or not other.hamlet:
        return MISSING
    if one.hamlet != other.hamlet:
        return "another hamlet, commune not stated"
    same = "group" if one.group and one.group == other.group else "hamlet"
    return f"same {same}, commune not stated"


def _tax_code(recorded: Side, held: Side) -> str:
    if recorded.numbers & held.numbers:
        return "equal"
    pairs = [(a, b) for a in recorded.numbers for b in held.numbers if len(a) == len(b)]
    if any(one_edit_apart(a, b) for a, b in pairs):
        return "one digit off"
    # Of a household business the number changed on 2025-07-01 from ten digits to twelve: only like forms differ.
    return "another" if pairs and not recorded.numbers & frozenset(held.people) else MISSING
