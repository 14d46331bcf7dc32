"""How a sector writes down a subject that it does not own: the columns kept beside every linked field."""

from schema.authority import Comparison, copies
from schema.codes import PartyKind
from schema.core import Label, as_recorded, field
from schema.values import ParcelIdentifier, Verbatim

HEAD = "Household.head_personal_id"
"""A household is recorded under the name, birth date and identifier of its head."""


@as_recorded(label=Label("Bên như đã ghi", "Party as recorded"))
class PartyAsRecorded:
    """A party as one sector recorded it: name, birth date, identifier, tax code, address. Kept even after it is linked."""

    kind: PartyKind | None = field(
        "Kind of subject the sector says this is; null where it does not say.",
        label=Label("Loại đối tượng", "Kind of party"),
    )
    name: Verbatim | None = field(
        "Name as recorded.",
        label=Label("Tên như đã ghi", "Name as recorded"),
        authority=(
            copies("Citizen.full_name", Comparison.NAME),
            copies("Citizen.full_name", Comparison.NAME, through=HEAD),
            copies("Business.legal_name", Comparison.NAME),
        ),
    )
    birth_date: Verbatim | None = field(
        "Birth date as recorded, perhaps only a year.",
        label=Label("Ngày sinh như đã ghi", "Birth date as recorded"),
        authority=(
            copies("Citizen.birth_date", Comparison.PARTIAL_DATE),
            copies("Citizen.birth_date", Comparison.PARTIAL_DATE, through=HEAD),
        ),
    )
    identifier: Verbatim | None = field(
        "Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        label=Label("Số giấy tờ như đã ghi", "Identifier as recorded"),
        authority=(
            copies("Citizen.personal_id", Comparison.IDENTIFIER, beside="former_id"),
            copies("Citizen.personal_id", Comparison.IDENTIFIER, through=HEAD, beside="former_id"),
        ),
    )
    tax_code: Verbatim | None = field(
        "Tax code as recorded.",
        label=Label("Mã số thuế như đã ghi", "Tax code as recorded"),
        authority=(
            copies("Citizen.personal_id", Comparison.TAX_CODE),
            copies("Citizen.personal_id", Comparison.TAX_CODE, through=HEAD),
            copies("Business.tax_code", Comparison.TAX_CODE),
        ),
    )
    address: Verbatim | None = field(
        "Address as recorded.",
        label=Label("Địa chỉ như đã ghi", "Address as recorded"),
        authority=(
            copies("Citizen.residence_address", Comparison.ADDRESS, beside="residence"),
            copies("Household.address", Comparison.ADDRESS, beside="commune"),
            copies("Business.seat_address", Comparison.ADDRESS, beside="seat"),
        ),
    )


@as_recorded(label=Label("Thửa đất như đã ghi", "Parcel as recorded"))
class ParcelAsRecorded:
    """A parcel as one sector recorded it: its number under the commune code of that day, or its identifier."""

    parcel_number: Verbatim | None = field(
        "commune@date:sheet:parcel, the commune code as of that date.",
        label=Label("Số thửa như đã ghi", "Parcel number as recorded"),
    )
    parcel_identifier: ParcelIdentifier | None = field(
        "12-character parcel identifier, where the sector has it.",
        label=Label("Mã định danh thửa đất như đã ghi", "Parcel identifier as recorded"),
        authority=(copies("Parcel.parcel_identifier", Comparison.IDENTIFIER),),
    )
