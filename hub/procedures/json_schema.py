"""JSON Schema (2020-12) of a prefill of one procedure, as `as_json` writes it: which requirements, and which kind of value each has."""

from typing import Any

from hub.procedures.answering.statuses import AnswerStatus, Reason
from hub.procedures.declaration.compiled_procedures import CompiledProcedure
from hub.procedures.declaration.documents import LeafKind
from hub.procedures.declaration.requirements import Requirement

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT: dict[str, Any] = {"type": "string"}
OPTIONAL_TEXT: dict[str, Any] = {"type": ["string", "null"]}
INSTANT: dict[str, Any] = {"type": "string", "format": "date-time"}
OPTIONAL_INSTANT: dict[str, Any] = {"type": ["string", "null"], "format": "date-time"}
DECIMAL: dict[str, Any] = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
LEAF_TYPES = {
    LeafKind.TEXT: "TextAnswer",
    LeafKind.NUMBER: "NumberAnswer",
    LeafKind.MONEY: "MoneyAnswer",
    LeafKind.DATE: "DateAnswer",
    LeafKind.CODE: "CodeAnswer",
}
OWN_PROPERTIES: dict[str, dict[str, Any]] = {
    "TextAnswer": {"text": TEXT},
    "NumberAnswer": {"number": DECIMAL, "unit": OPTIONAL_TEXT},
    "MoneyAnswer": {"amount": DECIMAL, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}},
    "DateAnswer": {"date": {"type": "string", "pattern": r"^[0-9]{4}(-[0-9]{2}-[0-9]{2})?$"}},
    "CodeAnswer": {"code": TEXT, "label": {"$ref": "#/$defs/Label"}},
    "PartyAnswer": {"name": TEXT, "identifier": OPTIONAL_TEXT, "birthDate": OPTIONAL_TEXT},
    "ParcelAnswer": {"number": TEXT, "mapSheet": OPTIONAL_TEXT, "ordinal": OPTIONAL_TEXT, "address": OPTIONAL_TEXT},
    "AddressAnswer": {"detail": OPTIONAL_TEXT, "unit": OPTIONAL_TEXT, "unitCode": OPTIONAL_TEXT},
}


def make_json_schema(compiled: CompiledProcedure) -> dict[str, Any]:
    """The schema of what a prefill of this procedure answers."""
    procedure = compiled.procedure
    answers = [_answer(compiled, requirement) for requirement in procedure.requirements]
    used = {name for requirement in procedure.requirements for name in value_types(compiled, requirement)}
    return {
        "$schema": DIALECT,
        "$id": f"urn:cross-sector-hub:prefill:{procedure.code}:{procedure.version}",
        "title": procedure.name.vi,
        "description": procedure.name.en,
        **_object(
            {
                "procedure": _object(
                    {"code": {"const": procedure.code}, "version": {"const": procedure.version}}, open_=True
                ),
                "dossier": OPTIONAL_TEXT,
                "at": INSTANT,
                "subjects": {"type": "array", "items": {"$ref": "#/$defs/Subject"}},
                "blockedBy": {"type": "array", "items": {"$ref": "#/$defs/BlockingFact"}},
                "answers": {"type": "array", "items": {"oneOf": answers}},
            }
        ),
        "$defs": {**_definitions(compiled), **{name: _value(name) for name in sorted(used)}},
    }


def value_types(compiled: CompiledProcedure, requirement: Requirement) -> tuple[str, ...]:
    """The types that a value of the requirement can have; none for a list, and for a requirement that is only asked."""
    if requirement.form in ("party", "parcel", "address"):
        return (f"{requirement.form.capitalize()}Answer",)
    if requirement.derived is not None:
        rule = requirement.derived.rule
        source = compiled.procedure.by_code[requirement.derived.source]
        if rule == "sum":
            return tuple({*value_types(compiled, source)} & {"MoneyAnswer", "NumberAnswer"}) or ("NumberAnswer",)
        return ("CodeAnswer",) if rule in ("none_other_than", "includes") else ("NumberAnswer",)
    if not requirement.value:
        return ()
    found = [LEAF_TYPES[leaf.kind] for leaf in compiled.leaves_of(requirement)]
    return tuple(dict.fromkeys([*found, *(["CodeAnswer"] if requirement.null else [])]))


def _answer(compiled: CompiledProcedure, requirement: Requirement) -> dict[str, Any]:
    types = value_types(compiled, requirement)
    items: dict[str, Any] = {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in types]} if types else {"not": {}}
    made = _object(
        {
            "requirement": _object({"code": {"const": requirement.code}}, open_=True),
            "role": OPTIONAL_TEXT,
            "subjectId": OPTIONAL_TEXT,
            "items": {"type": "array", "items": {"$ref": "#/$defs/ListItem"}},
            "status": {"enum": [status.name for status in AnswerStatus]},
            "reasons": {"type": "array", "items": {"enum": [reason.name for reason in Reason]}},
            "values": {"type": "array", "items": items},
            "none": {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/NoneHeld"}]},
        }
    )
    return {"title": requirement.label.vi, "description": requirement.label.en, **made}


def _value(name: str) -> dict[str, Any]:
    return _object(
        {
            "type": {"const": name},
            "recordId": OPTIONAL_TEXT,
            "field": TEXT,
            "source": OPTIONAL_TEXT,
            "asOf": OPTIONAL_INSTANT,
            "linkStatus": {"enum": ["CONFIRMED", "PROBABLE", "UNCONFIRMED", "UNLINKED", None]},
            "losingValues": {"type": "array", "items": {"$ref": "#/$defs/LosingValue"}},
            **OWN_PROPERTIES[name],
        }
    )


def _definitions(compiled: CompiledProcedure) -> dict[str, Any]:
    label = {"$ref": "#/$defs/Label"}
    items = {"type": "array", "items": {"$ref": "#/$defs/ListItem"}}
    return {
        "Label": _object({"vi": TEXT, "en": TEXT}),
        "ListItem": _object({"requirement": TEXT, "key": TEXT, "recordId": OPTIONAL_TEXT}),
        "NoneHeld": _object({"label": label, "source": TEXT, "asOf": INSTANT}),
        "Subject": _object(
            {
                "role": {"enum": list(compiled.procedure.subjects)},
                "entity": TEXT,
                "id": OPTIONAL_TEXT,
                "merged": {"type": "boolean"},
            }
        ),
        "BlockingFact": _object(
            {
                "code": TEXT,
                "label": label,
                "role": OPTIONAL_TEXT,
                "requirement": OPTIONAL_TEXT,
                "items": items,
                "sure": {"type": "boolean"},
            }
        ),
        "LosingValue": _object(
            {
                "text": TEXT,
                "kind": {"enum": ["ALTERNATIVE", "DIFFERS", "RECORDED_NAME", "DISCREPANCY"]},
                "recordId": OPTIONAL_TEXT,
                "field": TEXT,
                "source": OPTIONAL_TEXT,
                "asOf": OPTIONAL_INSTANT,
            }
        ),
    }


def _object(properties: dict[str, Any], *, open_: bool = False) -> dict[str, Any]:
    """An object with all of these properties, and with no others unless `open_`."""
    made: dict[str, Any] = {"type": "object", "properties": properties, "required": list(properties)}
    return made if open_ else {**made, "additionalProperties": False}
