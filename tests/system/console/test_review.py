"""Review of links by pages, over a really served hub: one question a screen, its verdict, undo, and second opinions."""

import re

import psycopg
import pytest

from hub.ingest.connectors import load_manifests
from hub.link.decisions.decisions import keep_decision
from hub.link.decisions.verdicts import Verdict
from tests.system.servers.console_site import ConsoleSite, PageReader
from tests.system.servers.console_site import serve_pages as serve_pages
from tests.system.servers.console_site import site as site
from tests.system.servers.console_site import store as store

REVIEW, CHECKS = "/console/review", "/console/review/checks"


def read_inputs(reader: PageReader) -> dict[str, str]:
    """The hidden inputs of the first candidate's form."""
    form = reader.text[reader.text.index('class="verdict"') :]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[: form.index("</form>")]))


def count_left(reader: PageReader) -> int:
    found = re.search(r"Còn <b>(\d+)</b>", reader.text)
    assert found is not None
    return int(found[1])


def test_a_verdict_is_kept_shown_with_its_score_and_undone(site: ConsoleSite) -> None:
    reviewer = site.officer("chi").open(REVIEW)
    before, given = count_left(reviewer), read_inputs(reviewer)
    assert before > 0
    assert "bit" not in reviewer.text, "the score is hidden until it is decided"
    reviewer.submit({**given, "verdict": "SAME"}, REVIEW)
    assert "Đã ghi: <b>Trùng</b>" in reviewer.text
    assert count_left(reviewer) < before
    assert read_inputs(reviewer)["record"] != given["record"]
    (decision,) = re.findall(r'name="undo" value="([^"]+)"', reviewer.text)
    with psycopg.connect(site.database) as connection:
        row = connection.execute("select reviewer, reason from link.decision order by id desc limit 1").fetchone()
    assert row is not None
    assert row[0].endswith("|chi")
    assert row[1] == given["same_reason"], "what the screen shows is the reason if none was typed"
    reviewer.submit({"undo": decision}, REVIEW)
    assert "Đã hoàn tác." in reviewer.text
    assert count_left(reviewer) == before
    assert "Đã hoàn tác." not in reviewer.open(REVIEW).text, "it is said once"
    reviewer.submit({"undo": decision}, REVIEW)
    assert (reviewer.page.status_code, reviewer.errors) == (409, ["Quyết định này đã được hoàn tác."])


def test_a_record_is_told_with_the_title_of_its_source(site: ConsoleSite) -> None:
    reviewer = site.officer("chi").open(f"{REVIEW}?field=LAND_USE_RIGHT_HOLDER")
    land = load_manifests()["land"].title
    (told,) = re.findall(r'<p class="origin">Nguồn: (.+?)\. ', reviewer.text)
    assert re.fullmatch(
        rf'{land.vi} <span class="en" lang="en">{land.en}</span>, tính đến \d\d/\d\d/\d{{4}} \d\d:\d\d', told
    )


def test_unsure_goes_to_the_next_and_decides_nothing(site: ConsoleSite) -> None:
    reviewer = site.officer("chi").open(REVIEW)
    first, before = read_inputs(reviewer)["record"], count_left(reviewer)
    (address,) = re.findall(r'href="([^"]+)" data-key="u n"', reviewer.text)
    reviewer.open(address)
    assert read_inputs(reviewer)["record"] != first
    assert count_left(reviewer) == before
    assert read_inputs(reviewer.open(address))["record"] != first, "reload"


def test_a_reason_outlives_the_session_and_is_of_its_question_alone(site: ConsoleSite) -> None:
    reviewer = site.officer("chi").open(REVIEW)
    given = {**read_inputs(reviewer), "verdict": "DIFFERENT", "reason": "theo sổ hộ khẩu giấy"}
    assert reviewer.end_session().submit(given, REVIEW).page.status_code == 401
    reviewer.sign_in("chi", REVIEW).open(REVIEW)
    assert read_inputs(reviewer)["record"] == given["record"]
    assert reviewer.text.count('value="theo sổ hộ khẩu giấy"') == 1, "beside the candidate that it is about"
    (address,) = re.findall(r'href="([^"]+)" data-key="u n"', reviewer.text)
    assert "theo sổ hộ khẩu giấy" not in reviewer.open(address).text, "another question"
    reviewer.open(REVIEW).submit({**given, **read_inputs(reviewer)}, REVIEW)
    assert "Đã ghi: <b>Khác</b>" in reviewer.text
    (decision,) = re.findall(r'name="undo" value="([^"]+)"', reviewer.text)
    reviewer.submit({"undo": decision}, REVIEW)
    assert read_inputs(reviewer.open(REVIEW))["record"] == given["record"]
    assert "theo sổ hộ khẩu giấy" not in reviewer.text, "it was taken"


def test_a_reason_is_not_offered_for_the_question_after_one_that_somebody_else_decided(site: ConsoleSite) -> None:
    first, second = site.officer("chi").open(REVIEW), site.officer("chi").open(REVIEW)
    given = {**read_inputs(first), "verdict": "DIFFERENT"}
    first.submit(given, REVIEW)
    second.submit({**given, **read_inputs(second), "reason": "theo sổ hộ khẩu giấy"}, REVIEW)
    assert (second.page.status_code, second.errors) == (409, ["Người khác vừa quyết định câu này."])
    assert read_inputs(second)["record"] != given["record"]
    assert "theo sổ hộ khẩu giấy" not in second.text


def test_a_kind_of_question_is_chosen(site: ConsoleSite) -> None:
    reviewer = site.officer("chi").open(REVIEW)
    field = read_inputs(reviewer)["field"]
    assert read_inputs(reviewer.open(f"{REVIEW}?field={field}"))["field"] == field
    assert reviewer.open(f"{REVIEW}?field=NOTHING").page.status_code == 400


def test_what_somebody_else_decided_meanwhile_is_said_and_the_next_question_stands_below(site: ConsoleSite) -> None:
    reviewer = site.officer("chi").open(REVIEW)
    given = read_inputs(reviewer)
    reviewer.submit({**given, "verdict": "DIFFERENT"}, REVIEW)
    reviewer.submit({**given, "verdict": "DIFFERENT"}, REVIEW)
    assert (reviewer.page.status_code, reviewer.errors) == (409, ["Người khác vừa quyết định câu này."])
    assert read_inputs(reviewer)


def test_a_second_opinion_is_asked_without_the_verdict(site: ConsoleSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_REVIEW_SECOND_SHARE", "1")
    with psycopg.connect(site.database, autocommit=True) as connection:
        pair = connection.execute(
            "select q.record_id, l.found_id from link.review q join link.land_use_right_holder l on l.record_id = q.record_id"
            " where q.field = 'LandUseRight.holder' order by 1, 2 limit 1"
        ).fetchone()
        assert pair is not None
        record, found = pair
        verdict = Verdict("LandUseRight.holder", record, found, "SAME", "somebody", "their first reason")
        first = keep_decision(connection, verdict)
    reviewer = site.officer("chi").open(CHECKS)
    assert "their first reason" not in reviewer.text
    given = read_inputs(reviewer)
    reviewer.submit({**given, "verdict": "DIFFERENT"}, CHECKS)
    assert "Đã ghi ý kiến của bạn." in reviewer.text
    with psycopg.connect(site.database) as connection:
        seconds = connection.execute(
            "select verdict, undone_at from link.decision where second_of = %s", (first.id,)
        ).fetchall()
    assert seconds == [("DIFFERENT", None)]
    # Now opinions differ, and whoever has given one is not heard twice.
    again = reviewer.open(CHECKS)
    if 'class="verdict"' in again.text:
        again.submit({**read_inputs(again), "verdict": "SAME"}, CHECKS)
        assert again.page.status_code in {200, 409}


def test_only_reviewers_review(site: ConsoleSite) -> None:
    for path in (REVIEW, CHECKS):
        assert site.officer("an").open(path).page.status_code == 403
    with psycopg.connect(site.database) as connection:
        connection.execute("select 1")
    assert PageReader(site.url).open(REVIEW).page.headers["location"] == f"/sign-in?next={REVIEW}"
