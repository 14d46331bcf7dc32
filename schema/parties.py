"""How a sector writes down a subject that it does not own: the columns kept beside every linked field."""

from schema.codes import PartyKind
from schema.core import Label, as_recorded, field
from schema.values import ParcelIdentifier, Verbatim


@as_recorded(label=Label("Bên như đã ghi", "Party as recorded"))
class PartyAsRecorded:
    """A party as one sector recorded it: name, birth date, identifier, tax code, address. Kept even after it is linked."""

    kind: PartyKind | None = field("Kind of subject the sector says this is; null where it does not say.")
    name: Verbatim | None = field("Name as recorded.")
    birth_date: Verbatim | None = field("Birth date as recorded, perhaps only a year.")
    identifier: Verbatim | None = field("Identifier as recorded: personal (12 digits), former (9 digits), or neither.")
    tax_code: Verbatim | None = field("Tax code as recorded.")
    address: Verbatim | None = field("Address as recorded.")


@as_recorded(label=Label("Thửa đất như đã ghi", "Parcel as recorded"))
class ParcelAsRecorded:
    """A parcel as one sector recorded it: its number under the commune code of that day, or its identifier."""

    parcel_number: Verbatim | None = field("commune@date:sheet:parcel, the commune code as of that date.")
    parcel_identifier: ParcelIdentifier | None = field("12-character parcel identifier, where the sector has it.")
