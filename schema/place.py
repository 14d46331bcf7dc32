"""Place: administrative units and what became of them. Reference data, from `schema/data/`."""

from schema.codes import UnitChangeKind, UnitLevel
from schema.core import Label, field, key, link, record, reference, subject
from schema.values import AdministrativeUnitCode, Day, GeoPoint, LocalCode, OrganisationName, SquareKilometres, Text


@subject(
    sector="place", label=Label("Đơn vị hành chính", "Administrative unit"), standard="SEMIC Core Location AdminUnit"
)
class AdministrativeUnit:
    """A province, district or commune, for as long as it had its code. The same code later is another unit."""

    unit_code: AdministrativeUnitCode = key("Code with its date: 06820@.. until 2025-06-30, 06820@2025-07-01 since.")
    code: LocalCode = field("The code alone: ambiguous without the dates beside it.", filter=True)
    level: UnitLevel = field("Level of the unit.", filter=True)
    type_name: Text | None = field(
        "What such a unit is called: Phường, Xã, Đặc khu, Thị trấn …; none at province level."
    )
    name: OrganisationName = field("Full name.", filter=True, order=True)
    parent: "AdministrativeUnit | None" = reference("unit_code", "The unit this one was part of, in the same period.")
    point: GeoPoint | None = field("A point within the unit.")
    area: SquareKilometres | None = field("Area; known for communes in force.", filter=True, index=False)
    valid_from: Day | None = field("First day of the unit under this code; null where it is not known.", filter=True)
    valid_to: Day | None = field("First day on which it was no more; null while it is in force.", filter=True)
    parts: list["AdministrativeUnit"] = link("AdministrativeUnit.parent", "Units within this one.")
    successors: list["AdministrativeUnitChange"] = link("AdministrativeUnitChange.predecessor", "What became of it.")
    predecessors: list["AdministrativeUnitChange"] = link(
        "AdministrativeUnitChange.successor", "What it was made from."
    )
    residents: list["Citizen"] = link("Citizen.residence", "Citizens who reside here.")  # resolved by the registry
    parcels: list["Parcel"] = link("Parcel.commune", "Parcels recorded under this unit.")


@record(
    sector="place",
    label=Label("Thay đổi đơn vị hành chính", "Change of administrative unit"),
    standard="SEMIC Core Location",
)
class AdministrativeUnitChange:
    """One old unit going, whole or in part, into one new unit."""

    predecessor: AdministrativeUnit = reference("unit_code", "The old unit.")
    successor: AdministrativeUnit = reference("unit_code", "The new unit.")
    kind: UnitChangeKind = field("Whole, or a part of a unit that was split.", filter=True)
    effective_on: Day = field("First day of the new unit.", filter=True)
