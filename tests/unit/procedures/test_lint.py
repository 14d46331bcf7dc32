"""Lint of procedures: what is fetched is used, and what is used is fetched."""

import pytest

from hub.procedures.definition import Procedure, find_procedure, procedures
from hub.procedures.lint import lint_procedure


def changed(was: str, becomes: str) -> Procedure:
    declared = find_procedure("land-right-transfer")
    assert was in declared.query
    return declared.model_copy(update={"query": declared.query.replace(was, becomes, 1)})


@pytest.mark.parametrize("code", procedures())
def test_declared_procedures_fetch_what_they_use(code: str) -> None:
    assert lint_procedure(find_procedure(code)) == ()


@pytest.mark.parametrize(
    ("was", "becomes", "expected"),
    [
        ("    birthDate\n", "    birthDate\n    sex\n", "query.graphql:7: citizen.sex is fetched, and no requirement uses it"),
        ("    birthDate\n", "", "query.graphql: citizen.birthDate is not fetched, and a requirement uses it"),
        ("    deathDate\n", "", "query.graphql: citizen.deathDate is not fetched, and a requirement uses it"),
        ("    fullName\n", "    name: fullName\n", "query.graphql: citizen.fullName is not fetched, and a requirement uses it"),
        ("pageInfo { hasNextPage }\n      nodes { taxCode", "nodes { taxCode", "query.graphql: citizen.taxpayers.pageInfo.hasNextPage is not fetched, and a requirement uses it"),
        ("holderLink { status recorded", "holderLink { recorded", "query.graphql: citizen.landUseRights.nodes.holderLink.status is not fetched, and a requirement uses it"),
        ("spouse { fullName", "spouse { sex fullName", "query.graphql:23: citizen.maritalStatuses.nodes.spouse.sex is fetched, and no requirement uses it"),
        ("provenance { source asOf }\n    maritalStatuses", "provenance { source asOf sourceKey }\n    maritalStatuses", "query.graphql:13: citizen.provenance.sourceKey is fetched, and no requirement uses it"),
    ],
)  # fmt: skip
def test_what_is_fetched_and_not_used_or_used_and_not_fetched_is_named(was: str, becomes: str, expected: str) -> None:
    assert expected in lint_procedure(changed(was, becomes))


def test_fragments_are_followed() -> None:
    declared = find_procedure("land-right-transfer")
    query = (
        declared.query.replace("    birthDate\n", "    ...More\n", 1)
        + "\nfragment More on Citizen { birthDate ... on Citizen { sex } }"
    )
    assert [words.split(": ")[1] for words in lint_procedure(declared.model_copy(update={"query": query}))] == [
        "citizen.sex is fetched, and no requirement uses it"
    ]
