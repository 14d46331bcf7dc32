"""What the records of a linked field state of a parcel beside its number: evidence where several parcels have that number."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ParcelStatement:
    """SQL over the record `{t}`: an area in square metres, and the name of a holder; null where records state none."""

    area: str = "null::numeric"
    holder: str = "null::text"


PARCEL_STATEMENTS: Mapping[str, ParcelStatement] = {
    "LandUseRight.parcel": ParcelStatement(area="{t}.area"),
    # A tax is the holder's.
    "TaxObligation.parcel": ParcelStatement(holder="{t}.debtor_name"),
    # Once a transfer is done, the register has the transferee.
    "LandTransferSlip.parcel": ParcelStatement(
        area="{t}.area",
        holder="case {t}.status when 'FULFILLED' then {t}.transferee_name else {t}.transferor_name end",
    ),
}
"""Linked field → what its records state."""
