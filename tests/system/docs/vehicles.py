"""A sixth sector with a subject of its own: vehicles, and the violations that are recorded of them. What a sector writes in `schema/`."""

from schema.core import Label, as_recorded, field, key, linked, record, subject
from schema.linking.declarations import Evidence, Family, Outcome, Rule, SectorLinking, SubjectLinking, SubjectMatchRule
from schema.values import Day, LocalCode, Text, Verbatim


@as_recorded(label=Label("Xe như đã ghi", "Vehicle as recorded"))
class VehicleAsRecorded:
    """A vehicle as one sector recorded it."""

    plate: Verbatim | None = field("Its plate as written.")
    colour: Verbatim | None = field("Its colour as written.")


@subject(sector="transport", label=Label("Xe", "Vehicle"), standard="-")
class Vehicle:
    """A registered vehicle."""

    plate: LocalCode = key("Its plate.", search=True)
    colour: Text | None = field("Its colour.")


@record(sector="transport", label=Label("Vi phạm", "Violation"), standard="-")
class Violation:
    """A violation of traffic rules."""

    ticket: LocalCode = key("Number of the ticket.")
    day: Day | None = field("When it was.")
    vehicle: Vehicle = linked(VehicleAsRecorded, "The vehicle.")


BARE_PLATE = "upper(regexp_replace({plate}, '[^0-9A-Za-z]', '', 'g'))"
COLOUR_AGREES = "lower({r}.colour) = lower({s}.colour)"
VEHICLE = SubjectMatchRule(
    "Vehicle",
    tests=(("colour", COLOUR_AGREES),),
    weighed=(
        Evidence("colour", (Outcome("agrees", COLOUR_AGREES, 3.0), Outcome("differs", f"not ({COLOUR_AGREES})", -3.0))),
    ),
)
LINKING = SectorLinking(
    families={"Vehicle": Family({"plate": BARE_PLATE.format(plate="{t}.{plate}"), "colour": "{t}.{colour}"})},
    rules=(
        Rule(
            "vehicle_plate",
            "Vehicle",
            subject=VEHICLE,
            join=f"{BARE_PLATE.format(plate='{s}.plate')} = {{r}}.plate",
            about="The recorded plate, without what parts its groups.",
            prior="20",
        ),
    ),
    subjects={
        "Vehicle": SubjectLinking(
            shown={"plate": "{s}.plate", "colour": "{s}.colour"},
            alike=(
                "select s.id, s.plate <> f.plate as unlike from data.vehicle f join data.vehicle s on s.colour = f.colour"
                " where f.id = d.found_id"
            ),
        )
    },
)
