"""`hub access explain`, as it is typed, without a store."""

import json
from pathlib import Path

import pytest

from hub.access.purposes import read_purposes
from hub.cli import main

BY_KEY = "query ($id: PersonalId!) { citizen(by: { personalId: $id }) { fullName %s } }"


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["access", "explain", *arguments])
    printed = capsys.readouterr()
    assert ended.value.code == code, printed.err
    return printed.err if code else printed.out


def test_each_purpose_says_who_needs_what(capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, BY_KEY % "").splitlines()
    at = said.index("identify: allowed for officer")
    assert said[at + 1] == "  by identify.graphql IdentifyByIdentifier"
    assert "land-right-transfer: allowed for officer, on a dossier" in said
    assert "  by transferor.graphql Transferor, if $id: the transferor" in said
    assert "  by own.graphql OwnData, if $id: the caller's own personal ids" in said
    assert "explore: not judged without --variables, for operator, explorer clients" in said
    assert "  FORBIDDEN_FIELD at citizen: the purpose statistics does not allow reading Query.citizen here" in said


def test_json_has_every_purpose_and_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, BY_KEY % "sex", "--variables", '{"id": "022080123456"}', "--json")
    assert "022080123456" not in text
    found = {verdict["purpose"]: verdict for verdict in json.loads(text)["purposes"]}
    assert found.keys() == read_purposes().keys()
    assert (found["identify"]["allowed"], found["identify"]["users"]) == (True, "officer")
    assert found["explore"]["refused"][0]["code"] == "FORBIDDEN_MASKED"
    assert found["land-right-transfer"]["dossier"]


def test_values_are_compared_if_they_are_given(capsys: pytest.CaptureFixture[str]) -> None:
    query = "query ($first: Int) { reviewQueue(first: $first) { nodes { recordId } } }"
    told = run(capsys, query)
    allowed, _, _ = told.partition("review: allowed for reviewer\n")[2].partition("\n\n")
    assert "\n  by queue.graphql" in f"\n{allowed}", told
    assert "$first: at most 50 rows" in run(capsys, query)
    refused = run(capsys, query, "--variables", '{"first": 400}')
    assert "FORBIDDEN_ARGUMENT at reviewQueue" in refused


@pytest.mark.parametrize(
    ("query", "open_to"),
    [
        ("{ __schema { queryType { name } } }", "everybody, without signing in"),
        ("{ administrativeUnits(first: 1) { nodes { name } } }", "everybody who is signed in, without a purpose"),
        (
            'mutation { endDossier(input: {code: "x", outcome: CLOSED, reason: "y"}) { dossier { code } } }',
            "whoever the mutation itself allows",
        ),
    ],
)
def test_what_needs_no_purpose(capsys: pytest.CaptureFixture[str], query: str, open_to: str) -> None:
    assert run(capsys, query).startswith(f"open to {open_to}")


def test_a_file_with_several_operations(capsys: pytest.CaptureFixture[str]) -> None:
    (document,) = read_purposes()["identify"].documents
    assert isinstance(document.path, Path)
    assert "give operationName" in run(capsys, str(document.path), code=64)
    said = run(capsys, str(document.path), "--operation", "IdentifyByName")
    assert "by identify.graphql IdentifyByName" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("{ citizens",), "Syntax Error"),
        (("{ nothing }",), "Cannot query field"),
        (("none.graphql",), "there is no file none.graphql"),
        (("{ citizens { totalCount } }", "--variables", "[]"), "is not a JSON object"),
        (("{ citizens { totalCount } }", "--purpose", "identify"), "say who it is"),
    ],
)
def test_what_cannot_be_explained(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str) -> None:
    assert words in run(capsys, *arguments, code=64)
