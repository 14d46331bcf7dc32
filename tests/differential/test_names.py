"""A caller's names share no namespace with ours: each document here has a response key that our SQL has for something else."""

import pytest

from tests.system.graph import Graph

DOCUMENTS = {
    "{ d: __typename }": "d",
    "{ d: citizens(first: 1) { totalCount } }": "d",
    "{ citizens(first: 1) { nodes { r0: fullName } } }": "r0",
    "{ citizens(first: 1) { edges { node { r0: fullName p0: id } } } }": "p0",
    "{ landUseRights(first: 1) { nodes { parcel { r1: id } } } }": "r1",
    "{ citizens(first: 1) { nodes { id landUseRights { nodes { r1: id } p1: totalCount } } } }": "p1",
    "{ citizens(first: 1) { nodes { provenance { g0: source } } } }": "g0",
    "{ landUseRights(first: 1) { nodes { holderLink { k0: status candidates { k1: method } } } } }": "k0",
    "{ landUseRights(first: 1) { nodes { holderLink { evidence { ke1: __typename e1: __typename } } } } }": "ke1",
    "{ landUseRights(first: 1) { nodes { holder { ... on Citizen { __kind: fullName } } } } }": "__kind",
}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_key_of_the_caller_may_be_a_name_of_ours(document: str, graph: Graph) -> None:
    ours = DOCUMENTS[document]
    renamed = graph.data(document.replace(f"{ours}:", "unlike:"))
    for lane in (document, f"{document[:-1]} mixed: __schema {{ queryType {{ name }} }} }}"):
        data = graph.data(lane)
        data.pop("mixed", None)
        assert str(data).replace(f"'{ours}'", "'unlike'") == str(renamed)
