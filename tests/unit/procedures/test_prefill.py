"""Prefill as a pure function, and every declared procedure held against its own query."""

from pathlib import Path
from typing import Any

import pytest
from graphql import OperationDefinitionNode, SelectionSetNode, get_named_type, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.access.purposes import purposes
from hub.errors import HubMisconfigured, OperationRefused
from hub.graph.schema import core, schema
from hub.model.registry import registry
from hub.procedures.definition import Procedure, find_procedure, load_procedure, procedures
from hub.procedures.prefill import AnswerStatus, Freshness, RequirementAnswer, answer_requirements

LABEL = {"vi": "V", "en": "E"}
PURPOSE = {
    "about": LABEL,
    "legal_basis": ({"title": "L", "about": LABEL},),
    "users": {"roles": ["officer"]},
    "subjects": {"holder": {"entity": "Citizen", "name": LABEL}},
    "variables": {"personalId": {"subject": "holder"}},
    "dossier": True,
    "retention_days": 0,
    "limits": {"rows": 1},
}
DECLARATION = (purposes()["land-right-transfer"].folder / "procedure.toml").read_text(encoding="utf-8")
HERE = {"source": "land", "asOf": "2026-01-01T00:00:00Z"}


def made(*requirements: dict[str, Any], **more: Any) -> Procedure:
    complete = [{"label": LABEL, "holder": "land", **r} for r in requirements]
    return Procedure(
        code="p",
        subject="Citizen",
        name=LABEL,  # type: ignore[arg-type]
        **PURPOSE,  # type: ignore[arg-type]
        requirements=complete,  # type: ignore[arg-type]
        query="",
        **more,
    )


def answer(
    requirement: dict[str, Any], citizen: Any, freshness: dict[str, Freshness] | None = None
) -> RequirementAnswer:
    filled = answer_requirements(made({"code": "r", **requirement}), {"citizen": citizen}, freshness or {})
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
    filled = answer_requirements(
        made(parcel, burden), {"citizen": {"list": [{"p": None, "q": []}]}}, {"E": Freshness("land", "x")}
    )
    assert [a.status.value for a in filled.answers] == ["MISSING", "MISSING"]


def test_codes_are_said_in_words() -> None:
    held = answer(
        {"rows": "citizen", "value": ["sex", "n"], "codes": {"sex": "Sex"}}, {"sex": "FEMALE", "n": 3}
    ).values[0]
    assert (held.value, held.label and held.label.vi, held.label and held.label.en) == ("FEMALE 3", "Nữ 3", "Female 3")


RIGHTS = "citizen.rights.nodes"
DECLARED = made(
    {"code": "name", "rows": "citizen", "value": ["name"]},
    {"code": "serial", "rows": RIGHTS, "value": ["serial"]},
    {"code": "parcel", "rows": RIGHTS, "value": ["parcel.number"], "link": "parcelLink.status"},
    {"code": "area", "rows": RIGHTS, "value": ["parcel.area"], "else": ["area"], "link": "parcelLink.status"},
    {
        "code": "burden",
        "rows": f"{RIGHTS}.parcel.burdens.nodes",
        "value": ["kind"],
        "none": LABEL,
        "entity": "Encumbrance",
        "needs": "parcel",
    },
    {"code": "price", "holder": None, "asked_of": "citizen"},
    links={RIGHTS: "holderLink", f"{RIGHTS}.parcel.burdens.nodes": "parcelLink"},
    blocks=[{"code": "dead", "label": LABEL, "value": "citizen.deathDate"}],
)
READ = {"Encumbrance": Freshness("land", "x")}
STATUSES = st.sampled_from(["CONFIRMED", "PROBABLE", "UNCONFIRMED", "UNLINKED", None])


def page(nodes: list[Any], *, cut: bool | None = False) -> dict[str, Any]:
    return {"nodes": nodes} if cut is None else {"nodes": nodes, "pageInfo": {"hasNextPage": cut}}


def link_of(status: str | None) -> dict[str, Any] | None:
    return None if status is None else {"status": status}


def right(
    holder: str | None = "CONFIRMED",
    parcel: str | None = "CONFIRMED",
    burdens: tuple[str | None, ...] = (),
    *,
    cut: bool | None = False,
) -> dict[str, Any]:
    linked = parcel in ("CONFIRMED", "PROBABLE")
    burdened = page([{"kind": "X", "parcelLink": link_of(status)} for status in burdens], cut=cut)
    there = {"number": 1, "area": 2, "burdens": burdened} if linked else None
    return {"serial": "A", "area": 5, "holderLink": link_of(holder), "parcelLink": link_of(parcel), "parcel": there}


def statuses(rights: list[Any], *, cut: bool | None = False, dead: bool = False) -> dict[str, str]:
    citizen = {"name": "An", "deathDate": "2020-01-01" if dead else None, "rights": page(rights, cut=cut)}
    filled = answer_requirements(DECLARED, {"citizen": citizen}, READ)
    return {answer.requirement.code: answer.status.value for answer in filled.answers}


@pytest.mark.parametrize(
    ("rights", "cut", "expected"),
    [
        ([right()], False, ["HELD", "HELD", "HELD", "HELD", "HELD"]),
        ([right("PROBABLE")], False, ["HELD", "PROBABLE", "PROBABLE", "PROBABLE", "PROBABLE"]),
        ([right(), right("PROBABLE")], False, ["HELD", "PROBABLE", "PROBABLE", "PROBABLE", "PROBABLE"]),
        ([right(parcel="PROBABLE")], False, ["HELD", "HELD", "PROBABLE", "PROBABLE", "PROBABLE"]),
        ([right(parcel="PROBABLE", burdens=("CONFIRMED",))], False, ["HELD", "HELD", "PROBABLE", "PROBABLE", "PROBABLE"]),
        ([right(burdens=("CONFIRMED", "PROBABLE"))], False, ["HELD", "HELD", "HELD", "HELD", "PROBABLE"]),
        ([right(parcel="UNCONFIRMED")], False, ["HELD", "HELD", "UNCONFIRMED", "HELD", "UNCONFIRMED"]),
        ([right(None)], False, ["HELD", "UNCONFIRMED", "UNCONFIRMED", "UNCONFIRMED", "UNCONFIRMED"]),
        ([right()], True, ["HELD", "INCOMPLETE", "INCOMPLETE", "INCOMPLETE", "INCOMPLETE"]),
        ([right()], None, ["HELD", "INCOMPLETE", "INCOMPLETE", "INCOMPLETE", "INCOMPLETE"]),
        ([right(burdens=("CONFIRMED",), cut=True)], False, ["HELD", "HELD", "HELD", "HELD", "INCOMPLETE"]),
        ([right(cut=True)], False, ["HELD", "HELD", "HELD", "HELD", "INCOMPLETE"]),
    ],
)  # fmt: skip
def test_what_rests_on_something_unsure_is_not_held(rights: list[Any], cut: bool | None, expected: list[str]) -> None:
    assert list(statuses(rights, cut=cut).values()) == [*expected, "ASKED_OF_CITIZEN"]


RIGHT = st.tuples(STATUSES, STATUSES, st.lists(STATUSES, max_size=2).map(tuple), st.sampled_from([False, True, None]))


@settings(max_examples=150, deadline=None)
@given(st.lists(RIGHT, min_size=1, max_size=3), st.sampled_from([False, True, None]), st.booleans())
def test_nothing_is_held_that_is_not_sure(rights: list[Any], cut: bool | None, dead: bool) -> None:
    """No requirement is held if a link that it rests on is not confirmed, a list was cut, or the subject is dead."""
    found = statuses([right(h, p, b, cut=c) for h, p, b, c in rights], cut=cut, dead=dead)
    if dead:
        assert set(found.values()) == {"BLOCKED"}
        return
    sure = cut is False and all(holder == "CONFIRMED" for holder, *_ in rights)
    joined = sure and all(parcel == "CONFIRMED" for _, parcel, *_ in rights)
    free = joined and all(c is False and set(b) <= {"CONFIRMED"} for _, _, b, c in rights)
    assert (found["serial"] == "HELD") == sure
    assert (found["parcel"] == "HELD") == joined
    assert (found["burden"] == "HELD") == free
    assert found["name"] == "HELD"
    assert found["price"] == "ASKED_OF_CITIZEN"


@pytest.mark.parametrize(
    ("recorded", "status"),
    [
        ("Hoàng Thị Hòa", "HELD"),
        ("HOÀNG  THỊ HOÀ", "HELD"),
        (None, "HELD"),
        ("Hoang Thi Hoa", "NAMED_OTHERWISE"),
        ("Hoàng Hoà", "NAMED_OTHERWISE"),
    ],
)
def test_what_names_the_subject_otherwise_is_not_held(recorded: str | None, status: str) -> None:
    """Rights whose recorded name is another than the citizen's came back held without a word."""
    one = {**right(), "holderLink": {"status": "CONFIRMED", "recorded": {"name": recorded}}}
    citizen = {"name": "Hoàng Thị Hoà", "deathDate": None, "rights": page([one])}
    filled = answer_requirements(DECLARED.model_copy(update={"named": "citizen.name"}), {"citizen": citizen}, READ)
    found = {answer.requirement.code: answer.status.value for answer in filled.answers}
    assert (found["name"], found["serial"], found["parcel"]) == ("HELD", status, status)


def test_the_dead_are_asked_nothing() -> None:
    citizen = {"name": "An", "deathDate": "2020-01-01", "rights": page([right()])}
    filled = answer_requirements(DECLARED, {"citizen": citizen}, READ)
    assert [block.code for block in filled.blocked_by] == ["dead"]
    assert all(not answer.values for answer in filled.answers)
    assert filled.still_to_ask == ()
    unknown = answer_requirements(DECLARED, {"citizen": None}, READ)
    assert (unknown.blocked_by, unknown.found) == ((), False)


@pytest.mark.parametrize("code", procedures())
def test_declared_procedures_ask_what_their_values_rest_on(code: str) -> None:
    """Every list says whether a page cut it, every record how it is linked, and every object beside a link that link."""
    declared = find_procedure(code)
    known = core(schema())
    (operation,) = [d for d in parse(declared.query).definitions if isinstance(d, OperationDefinitionNode)]
    assert known.query_type is not None
    for requirement in declared.requirements:
        for path in (*requirement.value, *requirement.otherwise):
            steps = f"{requirement.rows}.{path}".split(".")
            assert_sure(declared, known.query_type, operation.selection_set, steps, "")
    for block in declared.blocks:
        assert_selected(operation.selection_set, block.value.split("."), block.code)


def assert_sure(
    declared: Procedure, kind: Any, selection: SelectionSetNode | None, steps: list[str], path: str
) -> None:
    names = {n.name.value: n for n in (selection.selections if selection else ()) if hasattr(n, "name")}
    here = f"{path}.{steps[0]}".lstrip(".")
    if steps[0] == "nodes":
        assert_selected(selection, ["pageInfo", "hasNextPage"], here)
        records = get_named_type(kind.fields["nodes"].type)
        if any(name.endswith("Link") for name in records.fields):
            assert_selected(names["nodes"].selection_set, [declared.links[here], "status"], here)  # type: ignore[attr-defined]
    if f"{steps[0]}Link" in kind.fields:
        assert_selected(selection, [f"{steps[0]}Link", "status"], here)
    if len(steps) > 1:
        inner = get_named_type(kind.fields[steps[0]].type)
        assert_sure(declared, inner, names[steps[0]].selection_set, steps[1:], here)  # type: ignore[attr-defined]


@pytest.mark.parametrize("code", procedures())
def test_declared_procedures_hold_together(code: str) -> None:
    declared = find_procedure(code)
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
        (DECLARATION.replace('asked_of = "citizen"', "", 1), "asked_of"),
        ('query = "{ __typename }"\n' + DECLARATION, "query is not a key"),
        (DECLARATION.replace('subject = "transferor"', 'subject = "seller"'), "procedure.toml:[0-9]+: variables.personalId: no subject seller"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_named(tmp_path: Path, toml: str, words: str) -> None:
    (tmp_path / "procedure.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "query.graphql").write_text("{ __typename }", encoding="utf-8")
    with pytest.raises(HubMisconfigured, match=words):
        load_procedure(tmp_path)


def test_an_unknown_procedure_names_the_known() -> None:
    with pytest.raises(OperationRefused, match="land-right-transfer"):
        find_procedure("none")
