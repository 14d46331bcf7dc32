"""Companions: records that stand together, so that what one of them is speaks for another.

The holders of one certificate are mostly of one household, and so are husband and wife, a child and its parents. If one of them is
known for sure, its household is evidence for a candidate of the other that lives there.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Companion:
    """Another subject that stands with a record `t`: of this linked field, on the records `s`."""

    field: str
    on: str


ONE_RECORD = "s.id = t.id"
COMPANIONS: Mapping[str, Companion] = {
    "LandUseRight.holder": Companion(
        "LandUseRight.holder", "s.certificate_serial = t.certificate_serial and s.id <> t.id"
    ),
    "MaritalStatus.person": Companion("MaritalStatus.spouse", ONE_RECORD),
    "MaritalStatus.spouse": Companion("MaritalStatus.person", ONE_RECORD),
    "BirthRegistration.child": Companion("BirthRegistration.mother", ONE_RECORD),
    "BirthRegistration.mother": Companion("BirthRegistration.father", ONE_RECORD),
    "BirthRegistration.father": Companion("BirthRegistration.mother", ONE_RECORD),
}
"""Linked field → its companion."""
