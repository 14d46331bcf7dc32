"""The check of permission, case by case: what a sub-selection may be, and every published way round it."""

import pytest
from graphql import parse, validate

from hub.errors import HubMisconfigured
from hub.plan.permission.check import Permission, analyse_operation, check_permission, purposes_allowing
from hub.plan.permission.compile import operations_of
from tests.permission.cases import BINDINGS, BUYER, LABEL, SELLER, STRANGER, compiled, graphql_schema, known, refusals

SUBJECTS = {role: {"entity": "Citizen", "name": LABEL} for role in ("seller", "buyer")}
TRANSFER = """
query T($seller: PersonalId!, $buyer: PersonalId!, $after: String) {
  seller: citizen(by: { personalId: $seller }) {
    fullName
    birthDate
    residence { name }
    landUseRights(first: 10, after: $after, filter: { status: { eq: REGISTERED } }, orderBy: [{ issuedOn: ASC }]) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { issuedOn area holderLink { status } parcel { parcelNumber } holder { ... on Citizen { fullName } ... on Household { address } } }
    }
  }
  buyer: citizen(by: { personalId: $buyer }) { fullName maritalStatuses { nodes { spouse { fullName } } } }
}
"""
DEAL = compiled(
    TRANSFER,
    subjects=SUBJECTS,
    dossier=True,
    variables={
        "seller": {"subject": "seller"},
        "buyer": {"subject": "buyer"},
        "after": {"free": True, "nullable": True},
    },
)
RIGHTS = "landUseRights(first: 10, filter: { status: { eq: REGISTERED } }, orderBy: [{ issuedOn: ASC }])"


def of_seller(selection: str, fragments: str = "") -> str:
    return f"query Q($s: PersonalId!) {{ citizen(by: {{ personalId: $s }}) {{ {selection} }} }} {fragments}"


def deal(selection: str, fragments: str = "", person: str = SELLER) -> list[tuple[str, str]]:
    return refusals(DEAL, of_seller(selection, fragments), {"s": person})


ALLOWED = {
    "fewer fields": "birthDate",
    "aliases": "a: fullName b: fullName id: birthDate",
    "typename": "__typename residence { __typename }",
    "smaller page": "landUseRights(first: 2, filter: { status: { eq: REGISTERED } }, orderBy: [{ issuedOn: ASC }]) { totalCount }",
    "list coercion": "landUseRights(first: 2, filter: { status: { eq: REGISTERED } }, orderBy: { issuedOn: ASC }) { totalCount }",
    "null is absent": "landUseRights(first: 2, last: null, before: null, filter: { status: { eq: REGISTERED }, issuedOn: null }, orderBy: { issuedOn: ASC }) { totalCount }",
    "inline fragment": "... { fullName } ... on Citizen { birthDate } ... on Node { ... on Subject { ... on Citizen { fullName } } }",
    "union": f"{RIGHTS} {{ nodes {{ holder {{ __typename ... on Household {{ address }} }} }} }}",
    "fragment on an interface that narrows": f"{RIGHTS} {{ nodes {{ holder {{ ... on Subject {{ ... on Citizen {{ fullName }} }} }} }} }}",
    "skipped": "fullName @skip(if: true) birthDate @include(if: false)",
    "merged": "residence { name } residence { __typename name }",
}


@pytest.mark.parametrize("selection", ALLOWED.values(), ids=ALLOWED)
def test_a_sub_selection_is_allowed(selection: str) -> None:
    assert deal(selection) == []


FORBIDDEN = {
    "field": ("sex", "FORBIDDEN_FIELD", "Citizen.sex"),
    "id": ("id", "FORBIDDEN_FIELD", "Citizen.id"),
    "alias of a permitted name": ("fullName: ethnicity", "FORBIDDEN_FIELD", "Citizen.ethnicity"),
    "inline fragment": ("... on Citizen { sex }", "FORBIDDEN_FIELD", "Citizen.sex"),
    "interface": ("... on Node { id }", "FORBIDDEN_FIELD", "Citizen.id"),
    "interface of an interface": ("... on Subject { ... on Node { id } }", "FORBIDDEN_FIELD", "Citizen.id"),
    "nested": ("residence { name unitCode }", "FORBIDDEN_FIELD", "AdministrativeUnit.unitCode"),
    "existence": ("deathDate @include(if: false)", "FORBIDDEN_FIELD", "Citizen.deathDate"),
    "existence of a link by __typename": (f"{RIGHTS} {{ nodes {{ parcelLink {{ __typename }} }} }}", "FORBIDDEN_FIELD", "LandUseRight.parcelLink"),
    "another path to the same type": ("maritalStatuses { nodes { spouse { landUseRights { totalCount } } } }", "FORBIDDEN_FIELD", "Citizen.landUseRights"),
    "other kind of a union": (f"{RIGHTS} {{ nodes {{ holder {{ ... on Business {{ legalName }} }} }} }}", "FORBIDDEN_FIELD", "Business.legalName"),
    "field of one kind on another": (f"{RIGHTS} {{ nodes {{ holder {{ ... on Household {{ householdCode }} }} }} }}", "FORBIDDEN_FIELD", "Household.householdCode"),
    "all kinds of a union": (f"{RIGHTS} {{ nodes {{ holder {{ ... on Node {{ id }} }} }} }}", "FORBIDDEN_FIELD", "Citizen.id"),
    "edges": (f"{RIGHTS} {{ edges {{ cursor }} }}", "FORBIDDEN_FIELD", "LandUseRightConnection.edges"),
    "page info": (f"{RIGHTS} {{ pageInfo {{ hasPreviousPage }} }}", "FORBIDDEN_FIELD", "PageInfo.hasPreviousPage"),
    "candidates": (f"{RIGHTS} {{ nodes {{ holderLink {{ candidates {{ method }} }} }} }}", "FORBIDDEN_FIELD", "PartyLink.candidates"),
    "evidence": (f"{RIGHTS} {{ nodes {{ holderLink {{ evidence {{ outcome }} }} }} }}", "FORBIDDEN_FIELD", "PartyLink.evidence"),
    "provenance": ("provenance { source }", "FORBIDDEN_FIELD", "Citizen.provenance"),
    "discrepancies": ("discrepancies { nodes { held } }", "FORBIDDEN_FIELD", "Citizen.discrepancies"),
    "merged rows": ("mergedIds", "FORBIDDEN_FIELD", "Citizen.mergedIds"),
    "larger page": (RIGHTS.replace("10", "11") + " { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(first)"),
    "default page": ("landUseRights(filter: { status: { eq: REGISTERED } }, orderBy: [{ issuedOn: ASC }]) { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(first)"),
    "null page": (RIGHTS.replace("10", "null") + " { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(first)"),
    "from the end": (RIGHTS.replace("first", "last") + " { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(first)"),
    "no filter": ("landUseRights(first: 10, orderBy: [{ issuedOn: ASC }]) { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(filter)"),
    "null filter": ("landUseRights(first: 10, filter: null, orderBy: [{ issuedOn: ASC }]) { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(filter)"),
    "empty filter": (RIGHTS.replace("status: { eq: REGISTERED }", "") + " { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(filter.status)"),
    "other value": (RIGHTS.replace("REGISTERED", "REVOKED") + " { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(filter.status.eq)"),
    "other operator": (RIGHTS.replace("eq: REGISTERED", "in: [REGISTERED]") + " { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(filter.status.in)"),
    "filter oracle": (RIGHTS.replace("{ eq: REGISTERED }", "{ eq: REGISTERED }, issuedOn: { gt: \"2020-01-01\" }") + " { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(filter.issuedOn)"),
    "filter oracle over a link": (RIGHTS.replace("{ eq: REGISTERED }", "{ eq: REGISTERED }, holder: { citizen: { birthDate: { gt: \"1980\" } } }") + " { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(filter.holder)"),
    "negated": (RIGHTS.replace("{ status: { eq: REGISTERED } }", "{ not: { status: { eq: REGISTERED } } }") + " { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(filter.not)"),
    "filter within and": (RIGHTS.replace("{ status: { eq: REGISTERED } }", "{ status: { eq: REGISTERED }, and: [{ status: { isNull: true } }] }") + " { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(filter.and)"),
    "nullability oracle": (RIGHTS.replace("{ eq: REGISTERED }", "{ eq: REGISTERED }, termEndsOn: { isNull: true }") + " { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(filter.termEndsOn)"),
    "order oracle": (RIGHTS.replace("{ issuedOn: ASC }", "{ id: ASC }") + " { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(orderBy)"),
    "other direction": (RIGHTS.replace("ASC", "DESC") + " { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(orderBy)"),
    "one order more": (RIGHTS.replace("{ issuedOn: ASC }", "{ issuedOn: ASC }, { id: ASC }") + " { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(orderBy)"),
    "no order": ("landUseRights(first: 10, filter: { status: { eq: REGISTERED } }) { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(orderBy)"),
    "cursor that the document has not": (RIGHTS.replace("first: 10", 'first: 10, before: "x"') + " { totalCount }", "FORBIDDEN_ARGUMENT", "Citizen.landUseRights(before)"),
    "filter where there is none": ("maritalStatuses(filter: { state: { eq: MARRIED } }) { nodes { spouse { fullName } } }", "FORBIDDEN_ARGUMENT", "Citizen.maritalStatuses(filter)"),
    "count where there is none": ("maritalStatuses { totalCount }", "FORBIDDEN_FIELD", "MaritalStatusConnection.totalCount"),
    "second of two merged fields": ("residence { name } ... on Citizen { residence { unitCode } }", "FORBIDDEN_FIELD", "AdministrativeUnit.unitCode"),
}  # fmt: skip


@pytest.mark.parametrize(("selection", "code", "coordinate"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_what_the_document_has_not_is_refused(selection: str, code: str, coordinate: str) -> None:
    # The buyer's rule would allow marital statuses, and the seller's rights: each field must be allowed of this person.
    assert (code, coordinate) in deal(selection)


def test_named_and_nested_fragments_are_followed() -> None:
    inner = "fragment A on Citizen { ...B } fragment B on Subject { ... on Citizen { %s } }"
    assert deal("...A", inner % "fullName") == []
    assert deal("...A", inner % "sex") == [("FORBIDDEN_FIELD", "Citizen.sex")]


def test_fragment_cycles_are_refused_by_validation_before_the_check() -> None:
    document = parse(of_seller("...A", "fragment A on Citizen { ...B } fragment B on Citizen { ...A }"))
    assert "Cannot spread fragment 'A' within itself" in str(validate(graphql_schema(), document)[0])


def test_each_subject_has_the_paths_of_its_own_role() -> None:
    """The documents read land of the seller and the spouse of the buyer, and not the other way round."""
    assert deal("residence { name }", person=BUYER) == [("NOT_A_SUBJECT", "Query.citizen(by.personalId)")]
    assert deal("maritalStatuses { nodes { spouse { fullName } } }") == [
        ("NOT_A_SUBJECT", "Query.citizen(by.personalId)")
    ]
    assert deal("fullName", person=BUYER) == []
    assert deal("fullName birthDate", person=STRANGER) == [("NOT_A_SUBJECT", "Query.citizen(by.personalId)")]
    # Of one person, both roles together are not allowed: each field needs its own.
    assert deal("residence { name } maritalStatuses { nodes { spouse { fullName } } }") != []


def test_without_bindings_nobody_is_a_subject() -> None:
    assert refusals(DEAL, of_seller("fullName"), {"s": SELLER}, {}) == [
        ("NOT_A_SUBJECT", "Query.citizen(by.personalId)")
    ]


def test_literals_are_compared_like_variables() -> None:
    literal = '{ citizen(by: { personalId: "%s" }) { birthDate } }'
    assert refusals(DEAL, literal % SELLER) == []
    assert refusals(DEAL, literal % STRANGER) == [("NOT_A_SUBJECT", "Query.citizen(by.personalId)")]


def test_the_whole_argument_may_be_a_variable() -> None:
    by = "query ($by: CitizenBy!) { citizen(by: $by) { birthDate } }"
    assert refusals(DEAL, by, {"by": {"personalId": SELLER}}) == []
    assert refusals(DEAL, by, {"by": {"personalId": STRANGER}}) == [("NOT_A_SUBJECT", "Query.citizen(by)")]
    whole = "query ($s: PersonalId!, $f: LandUseRightFilter) { citizen(by: { personalId: $s }) { landUseRights(first: 1, filter: $f, orderBy: [{ issuedOn: ASC }]) { totalCount } } }"
    status = {"status": {"eq": "REGISTERED"}}
    assert refusals(DEAL, whole, {"s": SELLER, "f": status}) == []
    assert refusals(DEAL, whole, {"s": SELLER, "f": {**status, "issuedOn": None}}) == []
    wrong = [("FORBIDDEN_ARGUMENT", "Citizen.landUseRights(filter)")]
    for given in ({**status, "issuedOn": {"isNull": True}}, {"status": {"eq": "REVOKED"}}, {"and": [status]}, {}, None):
        assert refusals(DEAL, whole, {"s": SELLER, "f": given}) == wrong
    assert refusals(DEAL, whole, {"s": SELLER}) == wrong


def test_variables_in_place_of_the_documents_literals() -> None:
    operation = of_seller(
        "landUseRights(first: $n, filter: { status: { eq: $status } }, orderBy: [{ issuedOn: $way }]) { totalCount }"
    )
    operation = operation.replace(
        "$s: PersonalId!",
        "$s: PersonalId!, $n: Int = 10, $status: RightStatus! = REGISTERED, $way: OrderDirection! = ASC",
    )
    assert refusals(DEAL, operation, {"s": SELLER}) == []
    assert refusals(DEAL, operation, {"s": SELLER, "n": 3, "status": "REGISTERED", "way": "ASC"}) == []
    assert refusals(DEAL, operation, {"s": SELLER, "n": 11}) == [("FORBIDDEN_ARGUMENT", "Citizen.landUseRights(first)")]
    assert refusals(DEAL, operation, {"s": SELLER, "n": None}) == [
        ("FORBIDDEN_ARGUMENT", "Citizen.landUseRights(first)")
    ]
    assert refusals(DEAL, operation, {"s": SELLER, "status": "REVOKED"}) == [
        ("FORBIDDEN_ARGUMENT", "Citizen.landUseRights(filter.status.eq)")
    ]
    assert refusals(DEAL, operation, {"s": SELLER, "way": "DESC"}) == [
        ("FORBIDDEN_ARGUMENT", "Citizen.landUseRights(orderBy.issuedOn)")
    ]


def test_a_default_of_the_operation_is_no_way_round() -> None:
    operation = of_seller(
        "landUseRights(first: $n, filter: { status: { eq: REGISTERED } }, orderBy: { issuedOn: ASC }) { totalCount }"
    )
    operation = operation.replace("$s: PersonalId!", f'$s: PersonalId! = "{STRANGER}", $n: Int = 500')
    assert refusals(DEAL, operation) == [
        ("NOT_A_SUBJECT", "Query.citizen(by.personalId)"),
        ("FORBIDDEN_ARGUMENT", "Citizen.landUseRights(first)"),
    ]


def test_one_of_with_null_is_refused() -> None:
    operation = "query ($s: PersonalId) { citizen(by: { personalId: $s }) { birthDate } }"
    document = parse(operation)
    # Validation refuses it; the check does not rely on that.
    chosen = operations_of(document)[0]
    for given in ({}, {"s": None}):
        found = check_permission(document, chosen, given, DEAL, BINDINGS, graphql_schema())
        assert isinstance(found, tuple)
        assert found[0].code == "NOT_A_SUBJECT"


def test_what_directives_leave_out_counts_as_read() -> None:
    operation = of_seller("fullName sex @include(if: $deep)").replace(
        "$s: PersonalId!", "$s: PersonalId!, $deep: Boolean = false"
    )
    assert refusals(DEAL, operation, {"s": SELLER}) == [("FORBIDDEN_FIELD", "Citizen.sex")]
    allowed = of_seller("fullName @include(if: $deep)").replace("$s: PersonalId!", "$s: PersonalId!, $deep: Boolean!")
    assert refusals(DEAL, allowed, {"s": SELLER, "deep": True}) == []


@pytest.mark.parametrize(
    "root",
    [
        '{ node(id: "Q2l0aXplbjox") { ... on Citizen { fullName } } }',
        '{ nodes(ids: ["Q2l0aXplbjox"]) { id } }',
        '{ search(text: "Nguyen") { hits { score } } }',
        "{ discrepancies { totalCount } }",
        "{ citizens { totalCount } }",
        "{ landUseRights(first: 1) { nodes { area } } }",
        "{ reviewAgreement { pairs } }",
        '{ prefill(procedure: "land-right-transfer") { at } }',
    ],
)
def test_another_root_field_is_refused(root: str) -> None:
    code, coordinate = refusals(DEAL, root)[0]
    assert (code, coordinate.startswith("Query.")) == ("FORBIDDEN_FIELD", True)


def test_other_kinds_of_operation_are_refused() -> None:
    undo = 'mutation { undoDecision(input: { decisionId: "1", reason: "x" }) { decision { id } } }'
    assert refusals(DEAL, undo) == [("FORBIDDEN_OPERATION", "mutation")]
    assert refusals(DEAL, "subscription { recordChanged { recordId } }") == [("FORBIDDEN_OPERATION", "subscription")]


def test_introspection_and_typename_are_public() -> None:
    assert (
        refusals(DEAL, '{ __typename __schema { types { name } } __type(name: "Citizen") { fields { name } } }') == []
    )


def test_public_types_are_open_and_nothing_beyond_them() -> None:
    assert (
        refusals(
            DEAL,
            '{ administrativeUnits(filter: { name: { prefix: "H" }, parts: { some: { level: { eq: COMMUNE } } } }, first: 500) { totalCount edges { cursor node { name provenance { source } parent { name } } } } labels { list code vi } }',
        )
        == []
    )
    for leak in (
        "{ administrativeUnits { nodes { residents { totalCount } } } }",
        '{ administrativeUnits(filter: { residents: { some: { fullName: { eq: "An" } } } }) { totalCount } }',
        "{ administrativeUnits(filter: { parts: { none: { parcels: { some: { area: { gt: 1 } } } } } }) { totalCount } }",
        "query ($f: AdministrativeUnitFilter) { administrativeUnits(filter: $f) { totalCount } }",
        '{ administrativeUnits(filter: { or: [{ name: { eq: "x" } }, { residents: { none: { fullName: { eq: "An" } } } }] }) { totalCount } }',
    ):
        assert refusals(DEAL, leak) == [("FORBIDDEN_FIELD", "Query.administrativeUnits")]
    # Below a person, a place is a fact about the person.
    assert deal("residence { parts { totalCount } }") == [("FORBIDDEN_FIELD", "AdministrativeUnit.parts")]
    # Public data of the past are public; a person's are not.
    assert refusals(DEAL, 'query @asOf(instant: "2026-01-01T00:00:00Z") { administrativeUnits { totalCount } }') == []
    past = of_seller("fullName").replace(
        "($s: PersonalId!)", '($s: PersonalId!) @asOf(instant: "2026-01-01T00:00:00Z")'
    )
    assert refusals(DEAL, past, {"s": SELLER}) == [("FORBIDDEN_ARGUMENT", "@asOf(instant)")]


def test_as_of_is_as_the_document_has_it() -> None:
    text = "query Past($s: PersonalId!, $at: DateTime!) @asOf(instant: $at) { citizen(by: { personalId: $s }) { fullName } }"
    past = compiled(
        text, subjects={"seller": SUBJECTS["seller"]}, variables={"s": {"subject": "seller"}, "at": {"free": True}}
    )
    assert refusals(past, text, {"s": SELLER, "at": "2026-01-01T00:00:00Z"}) == []
    assert refusals(past, of_seller("fullName"), {"s": SELLER}) == [("FORBIDDEN_ARGUMENT", "@asOf(instant)")]
    fixed = compiled(
        text.replace(", $at: DateTime!", "").replace("$at", '"2026-01-01T00:00:00Z"'),
        subjects={"seller": SUBJECTS["seller"]},
        variables={"s": {"subject": "seller"}},
    )
    assert refusals(fixed, text, {"s": SELLER, "at": "2026-01-01T00:00:00Z"}) == []
    assert refusals(fixed, text, {"s": SELLER, "at": "2025-01-01T00:00:00Z"}) == [
        ("FORBIDDEN_ARGUMENT", "@asOf(instant)")
    ]


def test_ids_of_nodes_are_bound() -> None:
    text = "query N($ids: [ID!]!) { nodes(ids: $ids) { ... on Citizen { fullName } ... on Parcel { area } } }"
    nodes = compiled(
        text, subjects={"seller": SUBJECTS["seller"]}, variables={"ids": {"subject": "seller", "items": 2}}
    )
    bindings = {"seller": frozenset({"a", "b", "c"})}
    assert refusals(nodes, text, {"ids": ["a", "b"]}, bindings) == []
    assert refusals(nodes, text, {"ids": "a"}, bindings) == []
    assert refusals(nodes, text, {"ids": ["a", "x"]}, bindings) == [("NOT_A_SUBJECT", "Query.nodes(ids)")]
    assert refusals(nodes, text, {"ids": ["a", "b", "c"]}, bindings) == [("FORBIDDEN_ARGUMENT", "Query.nodes(ids)")]
    mixed = 'query N($id: ID!) { nodes(ids: ["a", $id]) { ... on Parcel { area } } }'
    assert refusals(nodes, mixed, {"id": "b"}, bindings) == []
    assert refusals(nodes, mixed, {"id": "x"}, bindings) == [("NOT_A_SUBJECT", "Query.nodes(ids)")]
    assert refusals(nodes, '{ nodes(ids: ["a", "x"]) { __typename } }', {}, bindings) == [
        ("NOT_A_SUBJECT", "Query.nodes(ids)")
    ]
    assert refusals(nodes, '{ nodes(ids: ["a"]) { id } }', {}, bindings)[0] == (
        "FORBIDDEN_FIELD",
        "AdministrativeUnit.id",
    )


def test_subscriptions_are_checked_like_queries() -> None:
    reconcile = known()["reconcile"]
    followed = "subscription ($source: String) { recordChanged(source: $source%s) { %s } }"
    assert refusals(reconcile, followed % ("", "recordId"), {"source": "land"}) == []
    assert refusals(reconcile, followed % ("", "recordId"), {"source": "tax"}) == [
        ("NOT_A_SUBJECT", "Subscription.recordChanged(source)")
    ]
    assert refusals(reconcile, followed % ("", "recordId")) == [("NOT_A_SUBJECT", "Subscription.recordChanged(source)")]
    assert refusals(reconcile, "subscription { recordChanged { recordId } }") == [
        ("FORBIDDEN_ARGUMENT", "Subscription.recordChanged(source)")
    ]
    assert refusals(reconcile, followed % ("", "node { id }"), {"source": "land"}) == [
        ("FORBIDDEN_FIELD", "RecordChange.node")
    ]
    assert refusals(reconcile, followed % (', subject: "x"', "recordId"), {"source": "land"}) == [
        ("FORBIDDEN_ARGUMENT", "Subscription.recordChanged(subject)")
    ]


def test_mutations_are_permitted_as_their_documents_have_them() -> None:
    decide = """mutation ($input: DecideLinkInput!) { decideLink(input: $input) { decision { id } } }"""
    given = {
        "field": "LAND_USE_RIGHT_HOLDER",
        "recordId": "1",
        "subjectId": "2",
        "verdict": "SAME",
        "reason": "x",
    }
    assert refusals(known()["review"], decide, {"input": given}, {}) == []
    more = decide.replace("{ id }", "{ id evidence { outcome } }")
    assert refusals(known()["review"], more, {"input": given}, {}) == [("FORBIDDEN_FIELD", "Decision.evidence")]


def test_an_operation_is_a_part_of_one_document_and_not_of_several_together() -> None:
    purpose = compiled(
        "{ citizens(first: 1) { nodes { fullName } } }", "{ citizens(first: 1) { nodes { birthDate } } }"
    )
    assert refusals(purpose, "{ citizens(first: 1) { nodes { fullName } } }") == []
    assert refusals(purpose, "{ citizens(first: 1) { nodes { birthDate } } }") == []
    assert refusals(purpose, "{ citizens(first: 1) { nodes { fullName birthDate } } }") != []


def test_alternatives_are_followed_separately() -> None:
    """Of several choices of arguments, each has the fields beneath it, and not those of the others."""
    purpose = compiled(
        "{ a: citizens(first: 1) { nodes { fullName birthDate } } b: citizens(first: 9) { nodes { fullName } } }"
    )
    assert refusals(purpose, "{ citizens(first: 9) { nodes { fullName } } }") == []
    assert refusals(purpose, "{ citizens(first: 1) { nodes { birthDate } } }") == []
    assert refusals(purpose, "{ citizens(first: 9) { nodes { birthDate } } }") == [
        ("FORBIDDEN_FIELD", "Citizen.birthDate")
    ]
    sized = "query ($n: Int) { citizens(first: $n) { nodes { fullName birthDate } } }"
    assert refusals(purpose, sized, {"n": 1}) == []
    assert refusals(purpose, sized, {"n": 9}) == [("FORBIDDEN_ARGUMENT", "Query.citizens(first)")]


def test_lists_and_nested_filters_are_compared_part_by_part() -> None:
    text = "query ($name: String!) { citizens(first: 5, filter: { or: [{ fullName: { eq: $name } }, { not: { sex: { in: [MALE, OTHER] } } }] }) { totalCount } }"
    purpose = compiled(text, variables={"name": {"free": True}})
    assert refusals(purpose, text, {"name": "An"}) == []
    assert refusals(purpose, text.replace("$name }", '"An" }').replace("query ($name: String!)", "query")) == []
    variable = text.replace("($name: String!", "($name: String!, $sexes: [Sex!]").replace("[MALE, OTHER]", "$sexes")
    assert refusals(purpose, variable, {"name": "An", "sexes": ["MALE", "OTHER"]}) == []
    assert refusals(purpose, variable, {"name": "An", "sexes": ["MALE"]}) != []
    assert refusals(purpose, variable, {"name": "An"}) != []
    items = text.replace("($name: String!", "($name: String!, $sex: Sex!").replace("[MALE, OTHER]", "[MALE, $sex]")
    assert refusals(purpose, items, {"name": "An", "sex": "OTHER"}) == []
    assert refusals(purpose, items, {"name": "An", "sex": "FEMALE"}) != []
    for was, becomes in (
        ("or:", "and:"),
        ("not: { sex", "sex: { isNull: false }, not: { sex"),
        (", { not", ", { fullName: { isNull: true } }, { not"),
    ):
        assert refusals(purpose, text.replace(was, becomes), {"name": "An"}) != []


def test_a_refusal_says_which_purposes_allow_the_field_and_no_value() -> None:
    document = parse(of_seller("fullName ethnicity").replace("$s: PersonalId!", f'$s: PersonalId! = "{STRANGER}"'))
    found = analyse_operation(document, operations_of(document)[0], known()["land-right-transfer"], graphql_schema())
    assert isinstance(found, tuple)
    error = found[0].error(purposes_allowing(found[0], known().values()))
    assert (error.code, error.path) == ("FORBIDDEN_FIELD", ("citizen", "ethnicity"))
    assert "Citizen.ethnicity" in str(error)
    assert "purposes that allow it: portal" in str(error)
    assert STRANGER not in str(error)


def test_the_static_part_does_not_look_at_values() -> None:
    """One analysis serves every request of the operation."""
    document = parse(of_seller("birthDate"))
    permission = analyse_operation(document, operations_of(document)[0], DEAL, graphql_schema())
    assert isinstance(permission, Permission)
    assert not isinstance(permission.check({"s": SELLER}, BINDINGS), tuple)
    assert isinstance(permission.check({"s": STRANGER}, BINDINGS), tuple)
    assert not isinstance(permission.check({"s": STRANGER}, {"seller": frozenset({STRANGER})}), tuple)


@pytest.mark.parametrize(
    ("document", "more", "words"),
    [
        ("{ citizens { nodes { height } } }", {}, r"0\.graphql:1: Cannot query field 'height'"),
        ("{ citizens { ", {}, r"0\.graphql:1: Syntax Error"),
        ("fragment A on Citizen { fullName }", {}, "Fragment 'A' is never used"),
        ("query ($n: String!) {\n citizens(filter: { fullName: { eq: $n } }) { totalCount } }", {}, r"0\.graphql:1: the variable \$n is not bound"),
        ("query ($f: CitizenFilter) {\n citizens(filter: $f) { totalCount } }", {"variables": {"f": {"free": True}}}, r"0\.graphql:2: \$f stands for a whole CitizenFilter"),
        ("query ($n: Int) { citizens(first: $n) { totalCount } }", {"variables": {"n": {"free": True}}}, r"\$n is a page size without a limit"),
        ("query ($n: String!) { citizens(filter: { fullName: { eq: $n } }) { totalCount } }", {"variables": {"n": {"page": 3}}}, r"\$n is a page size, and is used elsewhere"),
        ("query ($n: PersonalId!) { citizen(by: { personalId: $n }) { sex } }", {"variables": {"n": {"subject": "p"}}, "subjects": {"p": {"entity": "Parcel", "name": LABEL}}}, "finds a Citizen, and p is not one"),
        ("query ($n: PersonalId!) { citizen(by: { personalId: $n }) { sex } }", {"variables": {"n": {"subject": "p"}}, "subjects": {"p": {"entity": "Ship", "name": LABEL}}}, "there is no type Ship"),
    ],
)  # fmt: skip
def test_a_document_that_does_not_fit_names_file_and_line(document: str, more: dict[str, object], words: str) -> None:
    with pytest.raises(HubMisconfigured, match=words):
        compiled(document, **more)
