"""Paths of an operation, as the ledger writes them down."""

import pytest
from graphql import OperationDefinitionNode, parse

from hub.plan.read_paths import MAX_PATHS, list_read_paths


def paths(text: str) -> list[str]:
    document = parse(text)
    operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    return list(list_read_paths(document, operation))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ citizen(by: {personalId: \"1\"}) { name: fullName } }", ["citizen.fullName"]),
        ("{ citizen { a: fullName b: fullName } }", ["citizen.fullName"]),
        ("{ citizen { fullName @skip(if: true) } }", ["citizen.fullName"]),
        ("{ citizen { ...F } } fragment F on Citizen { sex }", ["citizen[Citizen].sex"]),
        ("{ node { ... on Citizen { sex residence { name } } ... on Parcel { area } } }", ["node[Citizen].residence.name", "node[Citizen].sex", "node[Parcel].area"]),
        ("{ ...R } fragment R on Query { parcels { totalCount } }", ["parcels.totalCount"]),
        ("{ node { ... on Node { ...F } } } fragment F on Citizen { sex }", ["node[Citizen].sex"]),
        ("{ a: citizen { ... { sex } } }", ["citizen.sex"]),
    ],
)  # fmt: skip
def test_paths_go_by_the_names_of_fields(text: str, expected: list[str]) -> None:
    assert paths(text) == expected


def test_a_list_that_is_too_long_says_so() -> None:
    found = paths("{" + " ".join(f"f{n}" for n in range(MAX_PATHS + 5)) + "}")
    assert len(found) == MAX_PATHS + 1
    assert found[-1] == "… 5 more"
