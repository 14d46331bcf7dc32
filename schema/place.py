"""Place: administrative units and what became of them. Reference data, from `schema/data/`."""

from schema.codes import UnitChangeKind, UnitLevel
from schema.core import Label, field, key, link, record, reference, subject
from schema.values import AdministrativeUnitCode, Day, GeoPoint, OrganisationName, PublicCode, SquareKilometres, Text


@subject(
    sector="place", label=Label("Đơn vị hành chính", "Administrative unit"), standard="SEMIC Core Location AdminUnit"
)
class AdministrativeUnit:
    """A province, district or commune, for as long as it had its code. The same code later is another unit."""

    unit_code: AdministrativeUnitCode = key(
        "Code with its date: 06820@.. until 2025-06-30, 06820@2025-07-01 since.",
        label=Label("Mã đơn vị kèm ngày", "Unit code with its date"),
    )
    code: PublicCode = field(
        "The code alone: ambiguous without the dates beside it.", label=Label("Mã đơn vị", "Code"), filter=True
    )
    level: UnitLevel = field("Level of the unit.", label=Label("Cấp", "Level"), filter=True)
    type_name: Text | None = field(
        "What such a unit is called: Phường, Xã, Đặc khu, Thị trấn …; none at province level.",
        label=Label("Loại đơn vị", "Type of unit"),
    )
    name: OrganisationName = field("Full name.", label=Label("Tên", "Name"), filter=True, order=True)
    parent: "AdministrativeUnit | None" = reference(
        "unit_code", "The unit this one was part of, in the same period.", label=Label("Thuộc đơn vị", "Parent unit")
    )
    point: GeoPoint | None = field("A point within the unit.", label=Label("Tọa độ", "Point"))
    area: SquareKilometres | None = field(
        "Area; known for communes in force.", label=Label("Diện tích (km²)", "Area (km²)"), filter=True, index=False
    )
    valid_from: Day | None = field(
        "First day of the unit under this code; null where it is not known.",
        label=Label("Có từ ngày", "Valid from"),
        filter=True,
    )
    valid_to: Day | None = field(
        "First day on which it was no more; null while it is in force.",
        label=Label("Không còn từ ngày", "Valid to"),
        filter=True,
    )
    parts: list["AdministrativeUnit"] = link(
        "AdministrativeUnit.parent", "Units within this one.", label=Label("Các đơn vị trực thuộc", "Parts")
    )
    successors: list["AdministrativeUnitChange"] = link(
        "AdministrativeUnitChange.predecessor", "What became of it.", label=Label("Trở thành", "Successors")
    )
    predecessors: list["AdministrativeUnitChange"] = link(
        "AdministrativeUnitChange.successor", "What it was made from.", label=Label("Hình thành từ", "Predecessors")
    )
    residents: list["Citizen"] = link(
        "Citizen.residence", "Citizens who reside here.", label=Label("Người thường trú", "Residents")
    )  # resolved by the registry
    parcels: list["Parcel"] = link(
        "Parcel.commune", "Parcels recorded under this unit.", label=Label("Thửa đất", "Parcels")
    )


@record(
    sector="place",
    label=Label("Thay đổi đơn vị hành chính", "Change of administrative unit"),
    standard="SEMIC Core Location",
)
class AdministrativeUnitChange:
    """One old unit going, whole or in part, into one new unit."""

    predecessor: AdministrativeUnit = reference("unit_code", "The old unit.", label=Label("Đơn vị cũ", "Predecessor"))
    successor: AdministrativeUnit = reference("unit_code", "The new unit.", label=Label("Đơn vị mới", "Successor"))
    kind: UnitChangeKind = field(
        "Whole, or a part of a unit that was split.", label=Label("Toàn bộ hay một phần", "Whole or part"), filter=True
    )
    effective_on: Day = field("First day of the new unit.", label=Label("Có hiệu lực từ", "Effective on"), filter=True)
