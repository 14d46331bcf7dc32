"""What a purpose permits in words: the flat list, the comparison of two versions, the lint, and values derived from others."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.access.purposes import Purpose, PurposeDocument, read_purposes
from hub.plan.permission.derived import derived_reads
from hub.plan.permission.differences import compare_purposes
from hub.plan.permission.lint import lint_purpose
from hub.plan.permission.reads import list_reads
from tests.permission.cases import LABEL, compiled, graphql_schema, known, purpose_of

SELLER = {"subjects": {"seller": {"entity": "Citizen", "name": LABEL}}, "variables": {"p": {"subject": "seller"}}}
RIGHTS = """query Q($p: PersonalId!) { citizen(by: { personalId: $p }) { fullName landUseRights(first: 10, filter: { status: { eq: REGISTERED }, parcel: { commune: { level: { eq: COMMUNE } } } }, orderBy: [{ issuedOn: ASC }]) {
  totalCount nodes { issuedOn holder { ... on Citizen { fullName } } } } } }"""


def words(*documents: str, **more: Any) -> list[str]:
    return [read.words for read in list_reads(compiled(*documents, **more), graphql_schema())]


def test_reads_are_listed_with_path_way_and_values() -> None:
    assert words(RIGHTS, **SELLER) == [
        "find by Citizen.personalId (the seller) at citizen",
        "read Citizen.fullName at citizen.fullName",
        "filter by AdministrativeUnit.level (eq COMMUNE) at citizen.landUseRights",
        "filter by LandUseRight.status (eq REGISTERED) at citizen.landUseRights",
        "order by LandUseRight.issuedOn (ASC) at citizen.landUseRights",
        "fetch pages of LandUseRight (at most 10 rows) at citizen.landUseRights",
        "count LandUseRight at citizen.landUseRights.totalCount",
        "read LandUseRight.issuedOn at citizen.landUseRights.nodes.issuedOn",
        "read Citizen.fullName at citizen.landUseRights.nodes.holder[Citizen].fullName",
    ]


def test_filters_are_followed_over_links_unions_and_logic() -> None:
    text = 'query Q($n: String!) { landUseRights(filter: { or: [{ holder: { citizen: { fullName: { eq: $n } } } }, { not: { parcel: { encumbrances: { some: { kind: { isNull: true } } } } } }], provenance: { source: { eq: "land" } } }) { totalCount } }'
    assert words(text, variables={"n": {"free": True}}) == [
        "filter by Citizen.fullName (eq any value) at landUseRights",
        "filter by Encumbrance.kind (isNull true) at landUseRights",
        "filter by Provenance.source (eq land) at landUseRights",
        "count LandUseRight at landUseRights.totalCount",
    ]


def test_every_leaf_of_the_packages_documents_is_listed() -> None:
    """Each path that the trie allows is a read: nothing is permitted that `show` does not say."""
    for purpose in known().values():
        listed = {read.path for read in list_reads(purpose, graphql_schema())}
        for trie in purpose.operations:
            stack = [(trie.root, "", False)]
            while stack:
                node, path, _ = stack.pop()
                for by_field in node.fields.values():
                    for name, rules in by_field.items():
                        for rule in rules:
                            here = f"{path}.{name}".lstrip(".")
                            if rule.beneath.fields:
                                stack.append((rule.beneath, here, False))
                            else:
                                assert any(_plain(one) == here for one in listed), here


def _plain(path: str) -> str:
    return "".join(part.split("]")[-1] for part in path.split("["))


def changes(old: Purpose, new: Purpose) -> list[tuple[str, str]]:
    return [(change.effect, change.words) for change in compare_purposes(old, new, graphql_schema())]


def with_text(purpose: Purpose, was: str, becomes: str) -> Purpose:
    (document,) = purpose.documents
    assert was in document.text
    return replace(purpose, documents=(PurposeDocument(document.path, document.text.replace(was, becomes)),))


OLD = purpose_of(RIGHTS, **SELLER)


@pytest.mark.parametrize(
    ("was", "becomes", "expected"),
    [
        ("fullName land", "fullName sex land", [("wider", "may now read Citizen.sex at citizen.sex")]),
        ("issuedOn holder", "issuedOn area holder", [("wider", "may now read LandUseRight.area at citizen.landUseRights.nodes.area")]),
        ("totalCount nodes", "nodes", [("narrower", "may no longer count LandUseRight at citizen.landUseRights.totalCount")]),
        ("first: 10", "first: 100", [("wider", "page LandUseRight at citizen.landUseRights: was at most 10 rows, is at most 100 rows")]),
        ("first: 10", "first: 9", [("narrower", "page LandUseRight at citizen.landUseRights: was at most 10 rows, is at most 9 rows")]),
        ("status: { eq: REGISTERED }, ", "", [("wider", "no longer only where LandUseRight.status is eq REGISTERED, at citizen.landUseRights")]),
        ("status: { eq", "issuedOn: { isNull: false }, status: { eq", [("narrower", "only where LandUseRight.issuedOn is isNull false, at citizen.landUseRights")]),
        ("eq: REGISTERED", "eq: REVOKED", [("changed", "filter LandUseRight.status at citizen.landUseRights: was eq REGISTERED, is eq REVOKED")]),
        ("ASC", "DESC", [("changed", "order LandUseRight.issuedOn at citizen.landUseRights: was ASC, is DESC")]),
        ("fullName land", "fullName # a comment\n land", []),
        ("fullName land", "name: fullName land", []),
    ],
)  # fmt: skip
def test_a_change_is_said_in_words(was: str, becomes: str, expected: list[tuple[str, str]]) -> None:
    assert changes(OLD, with_text(OLD, was, becomes)) == expected


def test_a_change_of_the_declaration_is_said_too() -> None:
    new = purpose_of(RIGHTS, **{**SELLER, "users": {"roles": ["officer", "auditor"]}, "limits": {"rows": 7}})
    assert changes(OLD, new) == [
        ("changed", "limits.rows: was 100, is 7"),
        ("changed", "users.roles: was officer, is auditor, officer"),
    ]
    free = purpose_of(RIGHTS, **{**SELLER, "subjects": {}, "variables": {"p": {"free": True}}})
    assert ("changed", "key Citizen.personalId at citizen: was the seller, is any value") in changes(OLD, free)


def findings(*documents: str, **more: Any) -> list[str]:
    return [f.words for f in lint_purpose(purpose_of(*documents, **more), graphql_schema()) if f.is_error]


def test_the_packages_purposes_have_no_errors() -> None:
    found = [f for purpose in read_purposes().values() for f in lint_purpose(purpose, graphql_schema()) if f.is_error]
    assert found == []


@pytest.mark.parametrize(
    ("document", "more", "expected"),
    [
        ("{ citizens { totalCount } }", {"variables": {"n": {"free": True}}}, "variables.n: no document has this variable"),
        ("{ citizens(orderBy: [{ birthDate: ASC }]) { pageInfo { endCursor } nodes { fullName } } }", {}, "citizens is ordered by Citizen.birthDate and has cursors"),
        ("{ citizens(orderBy: [{ birthDate: ASC }]) { edges { cursor node { fullName } } } }", {}, "citizens is ordered by Citizen.birthDate and has cursors"),
        ("query Q($a: String) { citizens(after: $a, orderBy: [{ birthDate: ASC }]) { nodes { fullName } } }", {"variables": {"a": {"free": True, "nullable": True}}}, "citizens is ordered by Citizen.birthDate and has cursors"),
        ("{ citizens { totalCount nodes { sex } } }", {"limits": {"rows": 20, "smallest_cell": 5}}, "citizens.nodes.sex: a purpose with a smallest cell counts only"),
        ("{ __typename }", {"limits": {"rows": 9, "smallest_cell": 5}}, "limits.smallest_cell: nothing is counted"),
        ("{ citizens { nodes { height } } }", {}, "Cannot query field 'height'"),
        ("query Q($n: Int) { citizens(first: $n) { nodes { sex } } }", {"variables": {"n": {"page": 101}}}, "has up to 101 rows, and limits.rows is 100"),
        ("query Q($i: [ID!]!) { nodes(ids: $i) { id } }", {"variables": {"i": {"free": True, "items": 200}}}, "has up to"),
        (f"{{ {' '.join(f'a{n}: citizens {{ totalCount }}' for n in range(101))} }}", {}, "aliases"),
    ],
)  # fmt: skip
def test_lint_names_what_permits_more_than_it_says(document: str, more: dict[str, Any], expected: str) -> None:
    (found,) = findings(document, **more)
    assert expected in found


def test_a_selected_order_may_have_cursors() -> None:
    assert findings("{ citizens(orderBy: [{ birthDate: ASC }]) { pageInfo { endCursor } nodes { birthDate } } }") == []


def test_a_law_without_an_article_is_a_warning() -> None:
    (warning,) = lint_purpose(purpose_of("{ citizens { totalCount } }"), graphql_schema())
    assert (warning.is_error, "without an article" in warning.words) == (False, True)
    assert warning.where == str(Path("trial"))


def test_derived_fields_tell_of_their_inputs() -> None:
    assert "Discrepancy.held" in derived_reads("Citizen.fullName")
    assert "Discrepancy.held" not in derived_reads("TaxObligation.amount")
    assert "Correction.held" in derived_reads("TaxObligation.amount"), "any value can be asked to be corrected"
    assert derived_reads("Procedure.code") == frozenset()
