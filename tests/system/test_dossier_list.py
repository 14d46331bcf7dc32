"""An officer's list of work: the dossiers of the own offices, over HTTP with access on."""

from typing import Any

import httpx2
import psycopg

from tests.conftest import ServedHub
from tests.system.test_access import END, OFFICE, AccessHub, code_of, hub

__all__ = ["hub"]
LIST = """query ($state: DossierState, $mine: Boolean, $codePrefix: String, $purpose: String, $first: Int, $after: String) {
    dossiers(state: $state, mine: $mine, codePrefix: $codePrefix, purpose: $purpose, first: $first, after: $after) {
        totalCount nodes { code purpose office outcome endedAt subjects { role kind found } }
        edges { cursor node { code } } pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
FIRST = "H49.12-251118-0001"  # which the fixture opens


def listed(hub: AccessHub, who: str, **variables: Any) -> dict[str, Any]:
    answer = hub.ask(who, LIST, variables).json()
    assert "errors" not in answer, answer
    page: dict[str, Any] = answer["data"]["dossiers"]
    return page


def codes(page: dict[str, Any]) -> list[str]:
    return [node["code"] for node in page["nodes"]]


def test_an_office_lists_its_own_dossiers_newest_first(hub: AccessHub) -> None:
    for number, who in ((2, "an"), (3, "giang"), (4, "giang")):
        assert "errors" not in hub.open(who, f"H49.12-251118-100{number}").json()
    assert hub.ask("giang", END, {"input": {"code": "H49.12-251118-1003", "outcome": "WITHDRAWN", "reason": "thôi"}})
    page = listed(hub, "an")
    assert codes(page) == ["H49.12-251118-1004", "H49.12-251118-1003", "H49.12-251118-1002", FIRST]
    assert page["totalCount"] == 4
    assert page["nodes"][0]["subjects"] == [
        {"role": "transferor", "kind": "Citizen", "found": True}, {"role": "transferee", "kind": "Citizen", "found": True}
    ]  # fmt: skip
    assert [node["outcome"] for node in page["nodes"]] == [None, "WITHDRAWN", None, None]
    assert page["nodes"][1]["endedAt"] is not None
    assert codes(listed(hub, "an", mine=True)) == ["H49.12-251118-1002", FIRST]
    assert codes(listed(hub, "an", state="WITHDRAWN")) == ["H49.12-251118-1003"]
    assert codes(listed(hub, "an", state="OPEN", codePrefix=" h49.12-251118-10")) == [
        "H49.12-251118-1004",
        "H49.12-251118-1002",
    ]
    assert codes(listed(hub, "an", purpose="detached-house-permit")) == []
    assert codes(listed(hub, "an", codePrefix="%")) == [], "a prefix is no pattern"


def test_what_has_expired_is_not_open(hub: AccessHub, served_hub: ServedHub) -> None:
    with psycopg.connect(served_hub.database) as store:
        store.execute("update hub.dossier set expires_at = now() - interval '1 s' where code = 'H49.12-251118-1004'")
    assert codes(listed(hub, "an", state="EXPIRED")) == ["H49.12-251118-1004"]
    assert "H49.12-251118-1004" not in codes(listed(hub, "an", state="OPEN"))


def test_another_office_and_who_has_none_see_nothing_of_it(hub: AccessHub) -> None:
    for who in ("binh", "chi", "explorer"):
        page = listed(hub, who)
        assert (codes(page), page["totalCount"]) == ([], 0), who
    assert code_of(hub.ask(None, LIST)) == "UNAUTHENTICATED"


def test_confirmed_emergency_access_is_listed_for_its_requester_alone(hub: AccessHub) -> None:
    subjects = [{"role": "person", "subject": {"citizen": {"personalId": hub.seller}}}]
    wanted = {
        "purpose": "emergency",
        "office": OFFICE,
        "subjects": subjects,
        "reason": "lũ cuốn giấy tờ, chờ di dời",
    }
    request = (
        "mutation ($input: RequestEmergencyAccessInput!) { requestEmergencyAccess(input: $input) { dossier { code } } }"
    )
    asked = hub.ask("an", request, {"input": wanted}).json()
    assert "errors" not in asked, asked
    code = asked["data"]["requestEmergencyAccess"]["dossier"]["code"]
    assert code in codes(listed(hub, "an"))
    assert code in codes(listed(hub, "giang")), "who may confirm it"
    confirm = (
        "mutation ($input: ConfirmEmergencyAccessInput!) { confirmEmergencyAccess(input: $input) { dossier { code } } }"
    )
    assert "errors" not in hub.ask("giang", confirm, {"input": {"code": code}}).json()
    assert code in codes(listed(hub, "an"))
    assert code not in codes(listed(hub, "giang"))


def test_pages_follow_each_other_without_gaps(hub: AccessHub, served_hub: ServedHub) -> None:
    with psycopg.connect(served_hub.database) as store:  # opened in one instant, as a delivery of many is
        store.execute("update hub.dossier set opened_at = '2026-01-01T00:00:00.000001+00'")
    whole, found, after = codes(listed(hub, "an")), [], None
    for _ in range(len(whole)):
        page = listed(hub, "an", first=1, after=after)
        found += codes(page)
        after = page["pageInfo"]["endCursor"]
        assert page["edges"] == [{"cursor": after, "node": {"code": found[-1]}}]
    assert found == whole
    assert not page["pageInfo"]["hasNextPage"]


def test_bad_pages_are_refused(hub: AccessHub) -> None:
    def refused(**given: Any) -> httpx2.Response:
        return hub.ask("an", LIST, given)

    assert code_of(refused(first=0)) == code_of(refused(first=101)) == "BAD_PAGE_SIZE"
    for cursor in ("", "x", "MjAyNi0wMS0wMSAx", "MjAyNi0wMS0wMVQwMDowMDowMCswMDowMCAtMQ=="):
        assert code_of(refused(after=cursor)) == "BAD_CURSOR", cursor
