"""Receipts: no value, nobody's name, nothing that a page could run; and the judgement on papers."""

import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.access.purpose_declaration import Bilingual
from hub.errors import OperationRefused
from hub.ledger.checkpoints.signing_keys import create_signing_key
from hub.snapshots.canonical import canonical_bytes, digest_of
from hub.snapshots.paper_requests import judge_paper
from hub.snapshots.receipt_files import ReceiptFile, read_receipt_file
from hub.snapshots.receipt_page import render_receipt
from hub.snapshots.receipts import ReceiptNames, make_receipt
from hub.snapshots.records import PrefillSnapshot
from hub.snapshots.signatures import is_signed_with, sign_detached

PLANTED = "Quyền Thị Trồng-Mốc"
NOW = datetime(2026, 3, 1, 20, 30, tzinfo=UTC)
LAW = {"title": "Luật <A> & B", "article": "Điều 4", "about": {"vi": "Không yêu cầu lại", "en": "Not asked again"}}
NAMES = ReceiptNames(
    {"seller": Bilingual(vi="Bên bán", en="Seller")},
    Bilingual(vi="Ủy ban nhân dân phường Vàng Danh", en="The committee of Vàng Danh"),
    {"population": Bilingual(vi="Cơ sở dữ liệu dân cư", en="Population")},
)


def answer(code: str, status: str, *values: dict[str, Any], role: str | None = "seller", **more: Any) -> dict[str, Any]:
    requirement = {
        "code": code,
        "label": {"vi": f"Nhãn {code}", "en": f"Label {code}"},
        "kind": "DATA",
        "evidence": {"vi": "Căn cước", "en": "Identity card"},
        "legalBasis": None,
    }
    reasons = [] if status == "HELD" else ["NO_RECORD"]
    made = {"requirement": requirement, "role": role, "status": status, "reasons": reasons, "values": list(values)}
    return {
        **made,
        "items": [{"requirement": "certificates", "key": PLANTED, "recordId": None}],
        "subjectId": PLANTED,
        "none": None,
        **more,
    }


def value(source: str | None, as_of: str | None) -> dict[str, Any]:
    return {"text": PLANTED, "source": source, "asOf": as_of, "display": {"vi": PLANTED, "en": PLANTED}}


def prefill(*answers: dict[str, Any], blocked: bool = False) -> dict[str, Any]:
    name = {"vi": "Chuyển nhượng", "en": "Transfer"}
    procedure = {"code": "transfer", "version": "1", "declaration": "x", "name": name, "legalBasis": [LAW]}
    blocks = [{"code": "seized", "label": {"vi": PLANTED, "en": PLANTED}}] if blocked else []
    return {"procedure": procedure, "at": NOW.isoformat(), "blockedBy": blocks, "answers": list(answers)}


def snapshot(content: dict[str, Any]) -> PrefillSnapshot:
    kept = canonical_bytes(content)
    return PrefillSnapshot(
        7, 1, "H49.12-251118-0001", "06820", "transfer", "1", "x", ["seller"], [], [], {}, [], kept, digest_of(kept), NOW, "1",
        "REQUEST", "an", 30, None,
    )  # fmt: skip


OLD, NEW = "2026-01-01T17:30:00+00:00", "2026-02-02T00:00:00+00:00"
FULL = prefill(
    answer("name", "HELD", value("population", NEW), value("population", OLD)),
    answer("name", "HELD", value("land", NEW)),
    answer("age", "HELD", value(None, None)),
    answer("area", "MISSING"),
    answer("debt", "NOT_APPLICABLE"),
    answer("price", "ASKED_OF_CITIZEN", role=None),
)


def test_a_receipt_has_what_was_held_by_source_and_oldest_day() -> None:
    made = make_receipt(snapshot(FULL), NAMES)
    assert [(one["requirement"], one["count"]) for one in made["notAsked"]] == [("name", 2), ("age", 1)]
    assert [(s["name"], s["title"]["vi"], s["asOf"]) for s in made["notAsked"][0]["sources"]] == [
        ("land", "land", NEW),
        ("population", "Cơ sở dữ liệu dân cư", OLD),
    ]
    assert [(one["requirement"], one["statuses"]) for one in made["asked"]] == [
        ("area", ["MISSING"]),
        ("price", ["ASKED_OF_CITIZEN"]),
    ]


def test_the_sources_of_a_list_are_those_of_its_items() -> None:
    """Of a list with items it would otherwise say that it was computed."""
    several = prefill(
        answer("certificates", "HELD", items=[]),
        answer("certificates", "HELD", items=[], role="buyer"),
        answer("serial", "HELD", value("land", NEW)),
        answer("area", "STALE", value("cadastre", OLD)),
    )
    of_seller, of_buyer, _ = make_receipt(snapshot(several), NAMES)["notAsked"]
    assert [(one["name"], one["asOf"]) for one in of_seller["sources"]] == [("land", NEW)]
    assert of_buyer["sources"] == []


@pytest.mark.parametrize("blocked", [False, True])
def test_no_value_and_no_name_is_in_a_receipt(blocked: bool) -> None:
    made = make_receipt(snapshot({**FULL, "blockedBy": prefill(blocked=blocked)["blockedBy"]}), NAMES)
    page = render_receipt(made, None, None)
    assert PLANTED not in page
    assert PLANTED not in str(made)
    assert "NO_RECORD" not in str(made), "a reason could say that somebody is sealed"
    assert bool(made["asked"]) is not blocked


def test_the_page_runs_nothing_and_shows_days_of_vietnam() -> None:
    hostile = copy.deepcopy(FULL)
    hostile["answers"][0]["requirement"]["label"]["vi"] = "</pre><script>alert(1)</script>"
    made = make_receipt(snapshot(hostile), NAMES)
    page = render_receipt(made, "a..b", "key")
    assert "<script" not in page
    assert "02/01/2026" in page, "17:30 UTC is the next day in Vietnam"
    assert "03:30 02/03/2026" in page
    assert "Điều 4, Luật &lt;A&gt; &amp; B" in page
    assert page.index("Phiếu xác nhận") < page.index("Receipt of data")
    assert read_receipt_file(page.encode()) == ReceiptFile(canonical_bytes(made), "a..b", "", b"")
    assert read_receipt_file(b"<p>nothing</p>") is None


def test_a_signature_is_of_the_content_the_key_and_the_kind(tmp_path: Path) -> None:
    key, other = create_signing_key(tmp_path / "key"), create_signing_key(tmp_path / "other")
    content = canonical_bytes(make_receipt(snapshot(FULL), NAMES))
    signature = sign_detached(content, key)
    assert ".." in signature
    assert signature == sign_detached(content, key)
    assert is_signed_with(content, signature, key.public)
    assert not is_signed_with(content + b" ", signature, key.public)
    assert not is_signed_with(content, signature, other.public)
    for broken in ("", "a..b", signature[:-4] + "AAAA", "x" * 3_000):
        assert not is_signed_with(content, broken, key.public)


@pytest.mark.parametrize(
    ("requirement", "role", "granted", "status"),
    [
        ("name", None, False, "HELD"),
        ("area", "seller", True, "MISSING"),
        ("debt", None, False, "NOT_APPLICABLE"),
        ("price", None, True, "ASKED_OF_CITIZEN"),
    ],
)
def test_a_paper_is_judged_by_the_answers(requirement: str, role: str | None, granted: bool, status: str) -> None:
    verdict = judge_paper(FULL, requirement, role)
    assert (verdict.granted, verdict.status) == (granted, status)
    mixed = {**FULL, "answers": [*FULL["answers"], answer(requirement, "STALE")]}
    assert judge_paper(mixed, requirement, role).granted, "one item that is not held is enough"


def test_a_list_without_a_choice_asks_for_no_paper_unless_something_else_is_open() -> None:
    unchosen = answer("list", "ASKED_OF_CITIZEN", reasons=["CHOICE_OPEN"])
    verdict = judge_paper(prefill(unchosen), "list", None)
    assert (verdict.granted, verdict.status) == (False, "CHOICE_OPEN")
    old = answer("list", "STALE", reasons=["TOO_OLD", "CHOICE_OPEN"])
    assert judge_paper(prefill(old), "list", None).granted
    assert judge_paper(prefill(unchosen, answer("list", "MISSING")), "list", None).status == "MISSING"


def test_a_blocked_procedure_asks_for_nothing_and_an_unknown_code_is_told() -> None:
    blocked = {**FULL, "blockedBy": prefill(blocked=True)["blockedBy"]}
    assert judge_paper(blocked, "area", None).status == "BLOCKED"
    with pytest.raises(OperationRefused) as refused:
        judge_paper(FULL, "price", "seller")
    assert refused.value.code == "REQUIREMENT_UNKNOWN"
