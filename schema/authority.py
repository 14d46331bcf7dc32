"""Authority: which field of which subject holds the true value of a copy, and how the two are compared.

A sector that does not own a value keeps a copy of it: the name a party was recorded under, a status that follows another
register's. The declaration stands at the copy, once: `copies` names the field that the copy is of, `agrees` a code that
goes with a code of the subject, `ended` codes that hold no longer once a day of the subject has passed. The markers hold
facts and do nothing; `hub.model.authorities` resolves and checks them, `hub.link.discrepancies.discrepancies` compares.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Comparison(Enum):
    """How a copy is compared with its authority: which values count as equal, in words."""

    NAME = "the same name, whatever its case, Unicode form, ð for đ, and place of the tone mark within a syllable"
    PARTIAL_DATE = "the same date as far as both say it: a year agrees with each of its days; a value that is no date is not compared"
    ADDRESS = "a commune that is, or became, one that the authority's commune is or became; one that is not found is not compared"
    IDENTIFIER = (
        "a number that the authority knows, separators aside; a value without the form of such a number is not compared"
    )
    TAX_CODE = "the same number, its branch aside; numbers of different lengths are different numbers and not compared"
    CODE = "a code that goes with the authority's"
    ENDED = "a code that can be, now that the authority has a day on which it ended"


@dataclass(frozen=True)
class AuthorityFacts:
    """One authority of a copy. `field` is `Subject.field`; the rest is said by the function that makes it."""

    field: str
    compared: Comparison
    through: str | None = None
    beside: str | None = None
    linked: str | None = None
    codes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    while_empty: str | None = None


def copies(
    field: str, compared: Comparison, *, through: str | None = None, beside: str | None = None
) -> AuthorityFacts:
    """A recorded value is a copy of `field` of the linked subject.

    `through` is a field of the subject (`Household.head_personal_id`) that holds the key of the entity which `field` is of.
    `beside` is a second field of that entity: of an ADDRESS the reference to its unit, of an IDENTIFIER an older number that
    means the same.
    """
    return AuthorityFacts(field, compared, through=through, beside=beside)


def agrees(field: str, *, linked: str, codes: Mapping[str, tuple[str, ...]]) -> AuthorityFacts:
    """The entity's own code goes with a code of the subject of `linked`: `codes` has, for each of the subject's, those that do."""
    return AuthorityFacts(field, Comparison.CODE, linked=linked, codes=tuple(codes.items()))


def ended(field: str, *, linked: str, contrary: tuple[str, ...], while_empty: str | None = None) -> AuthorityFacts:
    """The entity's own code cannot be one of `contrary` once the subject of `linked` has this day.

    Where `while_empty` names a field of the entity, only entries without it are in force and are compared.
    """
    return AuthorityFacts(field, Comparison.ENDED, linked=linked, codes=(("", contrary),), while_empty=while_empty)
