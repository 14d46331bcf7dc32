"""The types of prefill. Their values are what `hub.procedures.answers.as_json` makes: each field reads its own name."""

from collections.abc import Mapping
from typing import Any, NewType

import strawberry

from hub.graph.schema_types.fields import Namespace, ValueField, enum_type, input_type, make_field, object_type
from hub.graph.schema_types.scalars import ScalarMap
from hub.procedures.answering.statuses import REASON_MEANINGS, STATUS_MEANINGS

Fields = Mapping[str, tuple[str, str]]
DECIMAL = NewType("DECIMAL", str)
"""Stands for the scalar in annotations."""

HELD_VALUE: Fields = {
    "recordId": ("ID | None", "Global id of the record that it stands in; null for a derived value."),
    "field": ("str", "The field of that record; of a derived value, the requirement."),
    "display": ("Label", "The value in words, as a form prints it."),
    "source": ("str | None", "The sector system it is from: the name of its connector; null if it is not known."),
    "asOf": ("DateTime | None", "The instant for which the source confirmed it; null if it is not known."),
    "linkStatus": ("LinkStatus | None", "The weakest link on the way from the subject; null if there is none."),
    "losingValues": ("list[LosingValue]", "What other records and sources have for the same thing."),
    "corrections": (
        "list[ValueCorrection]",
        "What the source has been asked to correct of it and has not settled yet.",
    ),
}
VALUES: Mapping[str, tuple[str, Fields]] = {
    "TextAnswer": ("A text, or an identifier.", {"text": ("str", "The text.")}),
    "NumberAnswer": (
        "A number.",
        {
            "number": ("Decimal", "The number, as decimal text."),
            "unit": ("str | None", "Its unit, such as m²; null for a count or a year."),
        },
    ),
    "MoneyAnswer": (
        "An amount of money.",
        {"amount": ("Decimal", "The amount, as decimal text."), "currency": ("str", "Its currency, as in ISO 4217.")},
    ),
    "DateAnswer": ("A day, or a year alone.", {"date": ("str", "YYYY-MM-DD, or YYYY where only the year is known.")}),
    "CodeAnswer": (
        "A code of a code list.",
        {"code": ("str", "The code."), "label": ("Label", "What it means.")},
    ),
    "PartyAnswer": (
        "A person, a household or a business.",
        {
            "name": ("str", "Its name."),
            "identifier": ("str | None", "Its identifier; null if it is not held, or not asked for."),
            "birthDate": (
                "str | None",
                "Its date of birth, or the year alone; null if it is not held, or not asked for.",
            ),
        },
    ),
    "ParcelAnswer": (
        "A parcel of land.",
        {
            "number": ("str", "Its parcel number: commune, map sheet, number on the sheet."),
            "mapSheet": ("str | None", "Number of the map sheet; null if it is not held, or not asked for."),
            "ordinal": ("str | None", "Number on the sheet; null if it is not held, or not asked for."),
            "address": ("str | None", "Its address; null if it is not held, or not asked for."),
        },
    ),
    "AddressAnswer": (
        "An address.",
        {
            "detail": ("str | None", "The address within the administrative unit; null if none is written."),
            "unit": ("str | None", "Name of the administrative unit; null if it is not held."),
            "unitCode": (
                "str | None",
                "Code of the administrative unit, with its date; null if it is not held, or not asked for.",
            ),
        },
    ),
}
OBJECTS: Mapping[str, tuple[str, Fields]] = {
    "Label": (
        "A label in Vietnamese and English.",
        {"vi": ("str", "In Vietnamese."), "en": ("str", "In English.")},
    ),
    "LegalBasis": (
        "A provision that a procedure or a requirement rests on.",
        {
            "title": ("str", "The law."),
            "article": ("str | None", "The provision; null if it is the law as a whole."),
            "about": ("Label", "What it is about."),
        },
    ),
    "Procedure": (
        "An administrative procedure (CPSV-AP PublicService).",
        {
            "code": ("str", "Its code."),
            "version": ("str", "Its version."),
            "declaration": ("str", "SHA-256 of the files that declare it."),
            "name": ("Label", "Its name."),
            "legalBasis": ("list[LegalBasis]", "What it rests on."),
        },
    ),
    "Requirement": (
        "One thing that a procedure's form asks for (CCCEV Requirement).",
        {
            "code": ("str", "Its code within the procedure."),
            "label": ("Label", "What the form calls it."),
            "kind": ("RequirementKind", "Whether a value or a paper is asked for."),
            "holder": ("str | None", "The sector that holds it; null if none does."),
            "askedOf": (
                "str | None",
                "Who is asked if it is not held: `citizen`, or the role of a subject; null if the procedure does not say.",
            ),
            "evidence": ("Label | None", "The paper that proves it; null if there is none."),
            "legalBasis": ("LegalBasis | None", "The provision that demands it; null if the procedure names none."),
            "maxAgeDays": ("int", "How many days ago a source may have confirmed it."),
        },
    ),
    "LosingValue": (
        "A value that was not taken, since another counts.",
        {
            "text": ("str", "The value."),
            "kind": ("LossKind", "Why it lost."),
            "recordId": ("ID | None", "Global id of the record that it stands in; null if it is not known."),
            "field": ("str", "The field of that record."),
            "source": ("str | None", "The sector system it is from; null if it is not known."),
            "asOf": ("DateTime | None", "The instant for which the source confirmed it; null if it is not known."),
            "corrections": (
                "list[ValueCorrection]",
                "What the source has been asked to correct of it and has not settled yet.",
            ),
        },
    ),
    "ValueCorrection": (
        "A request to the source to correct a value, without the value claimed.",
        {
            "id": ("ID", "Id of the correction."),
            "state": ("CorrectionState", "Where it stands."),
            "label": ("Label", "The state in words."),
            "since": ("DateTime", "When it was opened."),
            "dueAt": ("DateTime", "By when the source has to act."),
            "overdue": ("bool", "Whether the source should have acted by now."),
            "words": ("Label", "All of this in a sentence, for the officer."),
        },
    ),
    "ListItem": (
        "One item of a list that is asked about, such as one certificate.",
        {
            "requirement": ("str", "Code of the requirement that has the list."),
            "key": ("str", "What tells the item from the others."),
            "recordId": ("ID | None", "Global id of its record; null if it is not known."),
        },
    ),
    "NoneHeld": (
        "That the state holds that there is none.",
        {
            "label": ("Label", "What that means on the form."),
            "source": ("str", "The sector systems that were read."),
            "asOf": ("DateTime", "The instant for which all of them were read completely."),
        },
    ),
    "RequirementAnswer": (
        "The answer to one requirement, for one subject and one item of a list.",
        {
            "requirement": ("Requirement", "The requirement."),
            "role": ("str | None", "Role of the subject; null if it is asked of no subject in particular."),
            "subjectId": ("ID | None", "Global id of the subject; null if the hub does not hold it."),
            "items": (
                "list[ListItem]",
                "Which item of a list, from the outer list to the inner; empty outside of lists.",
            ),
            "status": ("AnswerStatus", "What the hub can say."),
            "reasons": ("list[AnswerReason]", "Why, the strongest first; empty if it is held."),
            "values": ("list[HeldValue]", "The values, also those that a person has to look at first."),
            "none": ("NoneHeld | None", "Set if it is held that there is none; else null."),
        },
    ),
    "PrefillSubject": (
        "A subject whose data a prefill read.",
        {
            "role": ("str", "Its role."),
            "entity": ("str", "Its kind, such as Citizen."),
            "id": ("ID | None", "Its global id now; null if the hub does not hold it."),
            "merged": ("bool", "Whether it was named by a row that has been merged into it."),
        },
    ),
    "BlockingFact": (
        "Why a procedure cannot be done, although nothing is missing.",
        {
            "code": ("str", "Its code: `subject_deceased`, `guardian_needed`, or one of the procedure."),
            "label": ("Label", "What an official is told."),
            "role": (
                "str | None",
                "Role of the subject that it is about; null if it is about no subject in particular.",
            ),
            "requirement": (
                "str | None",
                "The requirement whose value says so; null if it is about the subject itself.",
            ),
            "items": ("list[ListItem]", "Which item of a list."),
            "sure": ("bool", "Whether what it rests on is held; if not, a person has to look first."),
        },
    ),
    "Prefill": (
        "The values that fill a procedure's form, and the questions left to ask.",
        {
            "procedure": ("Procedure", "The procedure."),
            "dossier": ("str | None", "Code of the dossier that it was answered under; null while access is off."),
            "at": ("DateTime", "When it was answered."),
            "subjects": ("list[PrefillSubject]", "Whose data was read."),
            "blockedBy": ("list[BlockingFact]", "Why the procedure cannot be done; empty if it can."),
            "answers": ("list[RequirementAnswer]", "Every requirement, in the order of the form."),
            "stillToAsk": (
                "list[RequirementAnswer]",
                "The requirements that are not held; empty if the procedure is blocked.",
            ),
        },
    ),
}
ENUMS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "AnswerStatus": (
        "What the hub can say to a requirement.",
        {status.name: about for status, about in STATUS_MEANINGS.items()},
    ),
    "AnswerReason": (
        "Why an answer has its status.",
        {reason.name: about for reason, about in REASON_MEANINGS.items()},
    ),
    "RequirementKind": (
        "What a requirement asks for.",
        {"DATA": "A value.", "DOCUMENT": "A paper."},
    ),
    "LossKind": (
        "Why a value was not taken.",
        {
            "ALTERNATIVE": "The requirement prefers another record.",
            "DIFFERS": "It should agree with the value, and does not.",
            "RECORDED_NAME": "A sector recorded the person under this name.",
            "DISCREPANCY": "A copy that differs from the authoritative register.",
        },
    ),
}


def add_prefill_types(names: Namespace) -> ScalarMap:
    """Add the types of prefill to `names`, which are the derived types. Returns the definitions of their scalars."""
    about = "A decimal number as text, exact: `1250000`, `120.5`."
    scalar = strawberry.scalar(
        name="Decimal",
        description=about,
        specified_by_url="urn:cross-sector-hub:value:Decimal",
        serialize=str,
        parse_value=str,
    )
    names["Decimal"] = DECIMAL
    for name, (about, members) in ENUMS.items():
        names[name] = enum_type(name, about, members)
    for name in ("Label", "LegalBasis", "ValueCorrection", "LosingValue"):
        names[name] = _object(name, *OBJECTS[name], names)
    held = _fields(HELD_VALUE, names)
    about = "A value with where it is from. `recordId`, `field` and `source` say what a correction would be of."
    names["HeldValue"] = object_type("HeldValue", about, held, strawberry.interface)
    for name, (about, own) in VALUES.items():
        names[name] = object_type(name, about, _fields({**HELD_VALUE, **own}, names), bases=(names["HeldValue"],))
    for name, (about, fields) in OBJECTS.items():
        if name not in names:
            names[name] = _object(name, about, fields, names)
    choice: Fields = {
        "requirement": ("str", "Code of a requirement that is a list of which items are chosen, such as certificates."),
        "keys": ("list[str]", "Keys of the items that the case is about."),
    }
    names["PrefillChoiceInput"] = input_type(
        "PrefillChoiceInput", "Which items of a list the case is about.", choice, names, required=True
    )
    return {DECIMAL: scalar}


def _object(name: str, about: str, fields: Fields, names: Namespace) -> Any:
    return object_type(name, about, _fields(fields, names))


def _fields(fields: Fields, names: Namespace) -> dict[str, Any]:
    return {
        name: make_field(ValueField, kind, names, graphql=name, description=text)
        for name, (kind, text) in fields.items()
    }
