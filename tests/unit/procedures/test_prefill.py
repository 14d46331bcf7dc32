"""Prefill as a pure function, and every declared procedure held against its own query."""

from pathlib import Path
from typing import Any

import pytest
from graphql import OperationDefinitionNode, SelectionSetNode, parse, validate

from hub.errors import HubMisconfigured, OperationRefused
from hub.graph.schema import core, schema
from hub.model.registry import registry
from hub.procedures.definition import Procedure, load, procedure, procedures
from hub.procedures.prefill import Answer, AnswerStatus, Freshness, prefill

LABEL = {"vi": "V", "en": "E"}
HERE = {"source": "land", "asOf": "2026-01-01T00:00:00Z"}


def made(*requirements: dict[str, Any]) -> Procedure:
    complete = [{"label": LABEL, "holder": "land", **r} for r in requirements]
    return Procedure(code="p", subject="Citizen", name=LABEL, legal_basis=(), requirements=complete, query="")  # type: ignore[arg-type]


def answer(requirement: dict[str, Any], citizen: Any, freshness: dict[str, Freshness] | None = None) -> Answer:
    filled = prefill(made({"code": "r", **requirement}), {"citizen": citizen}, freshness or {})
    return filled.answers[0]


def test_held_with_the_nearest_provenance() -> None:
    citizen = {"provenance": {"source": "population", "asOf": "x"}, "rights": [{"serial": "A1", "provenance": HERE, "parcel": {"area": 5, "provenance": {"source": "survey", "asOf": "y"}}}]}  # fmt: skip
    own = answer({"rows": "citizen.rights", "value": ["serial"], "of": "serial"}, citizen)
    assert [(v.value, v.of, v.source, v.as_of) for v in own.values] == [("A1", "A1", "land", HERE["asOf"])]
    deeper = answer({"rows": "citizen.rights", "value": ["parcel.area"]}, citizen)
    assert [(v.value, v.source) for v in deeper.values] == [("5", "survey")]
    assert (own.status, deeper.status) == (AnswerStatus.HELD, AnswerStatus.HELD)


@pytest.mark.parametrize(
    ("requirement", "citizen", "status"),
    [
        ({"rows": "citizen", "value": ["name"]}, {"name": "An"}, "HELD"),
        ({"rows": "citizen", "value": ["name"]}, {"name": None}, "MISSING"),
        ({"rows": "citizen", "value": ["name"]}, None, "MISSING"),
        ({"rows": "citizen", "value": ["name"], "else": ["other"]}, {"name": None, "other": "x"}, "HELD"),
        ({"rows": "citizen", "value": ["name"], "null": LABEL}, {"name": None}, "HELD"),
        ({"rows": "citizen.list", "value": ["a"]}, {"list": [{"a": 1}, {"a": None}]}, "MISSING"),
        ({"rows": "citizen.list", "value": ["a"], "where": {"kind": "X"}}, {"list": [{"a": 1, "kind": "X"}, {"a": None, "kind": "Y"}]}, "HELD"),
        ({"rows": "citizen.list", "value": ["a"], "where": {"end": False}}, {"list": [{"a": 1, "end": "2020"}]}, "MISSING"),
        ({"rows": "citizen.list", "value": ["p.a"], "link": "s"}, {"list": [{"p": None, "s": "UNCONFIRMED"}]}, "UNCONFIRMED"),
        ({"rows": "citizen.list", "value": ["p.a"], "link": "s"}, {"list": [{"p": None, "s": "UNLINKED"}]}, "MISSING"),
    ],
)  # fmt: skip
def test_status(requirement: dict[str, Any], citizen: Any, status: str) -> None:
    assert answer(requirement, citizen).status.value == status


def test_none_is_said_only_where_a_source_was_read() -> None:
    requirement = {"rows": "citizen.list", "value": ["a"], "none": LABEL, "entity": "Encumbrance"}
    assert answer(requirement, {"list": []}).status is AnswerStatus.MISSING
    read = {"Encumbrance": Freshness("land", "2026")}
    held = answer(requirement, {"list": []}, read)
    assert (held.status, held.values[0].source, held.values[0].label) == (
        AnswerStatus.HELD,
        "land",
        held.requirement.none,
    )
    assert answer(requirement, None, read).status is AnswerStatus.MISSING


def test_none_waits_for_what_it_needs() -> None:
    parcel = {"code": "parcel", "rows": "citizen.list", "value": ["p"]}
    burden = {
        "code": "burden",
        "rows": "citizen.list.q",
        "value": ["a"],
        "none": LABEL,
        "entity": "E",
        "needs": "parcel",
    }
    filled = prefill(made(parcel, burden), {"citizen": {"list": [{"p": None, "q": []}]}}, {"E": Freshness("land", "x")})
    assert [a.status.value for a in filled.answers] == ["MISSING", "MISSING"]


def test_codes_are_said_in_words() -> None:
    held = answer(
        {"rows": "citizen", "value": ["sex", "n"], "codes": {"sex": "Sex"}}, {"sex": "FEMALE", "n": 3}
    ).values[0]
    assert (held.value, held.label and held.label.vi, held.label and held.label.en) == ("FEMALE 3", "Nữ 3", "Female 3")


@pytest.mark.parametrize("code", procedures())
def test_declared_procedures_hold_together(code: str) -> None:
    declared = procedure(code)
    document = parse(declared.query)
    assert validate(core(schema()), document) == []
    (operation,) = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    assert [v.variable.name.value for v in operation.variable_definitions or ()] == ["personalId"]
    for requirement in declared.requirements:
        if requirement.asked_of:
            continue
        paths = [*requirement.value, *requirement.otherwise, *([requirement.of] if requirement.of else []), *([requirement.link] if requirement.link else []), *requirement.where]  # fmt: skip
        for path in paths:
            assert_selected(operation.selection_set, f"{requirement.rows}.{path}".split("."), requirement.code)
        assert requirement.entity is None or requirement.entity in registry().entities


def assert_selected(selection: SelectionSetNode | None, path: list[str], where: str) -> None:
    names = {n.name.value: n for n in (selection.selections if selection else ()) if hasattr(n, "name")}
    assert path[0] in names, f"{where}: {path[0]} is not selected"
    if len(path) > 1:
        assert_selected(names[path[0]].selection_set, path[1:], where)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("code = ", "procedure.toml"),
        ('code = "x"', "name"),
        ('code = "x"\nsubject = "Citizen"\nname = {vi="a",en="b"}\nlegal_basis = []\n[[requirements]]\ncode = "r"\nlabel = {vi="a",en="b"}', "asked_of"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_named(tmp_path: Path, toml: str, words: str) -> None:
    (tmp_path / "procedure.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "query.graphql").write_text("{ __typename }", encoding="utf-8")
    with pytest.raises(HubMisconfigured, match=words):
        load(tmp_path)


def test_an_unknown_procedure_names_the_known() -> None:
    with pytest.raises(OperationRefused, match="land-right-transfer"):
        procedure("none")
