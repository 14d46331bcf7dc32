"""`hub demo --walk` on the linked province, with its sector systems running: each step shows what it says, in the store as well as in words."""

import contextlib
import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub.cli.operate.demo_dossiers import fill_offices
from hub.cli.operate.demo_walk import WalkPlace, walk_procedures
from hub.cli.operate.walk_printer import WIDTH
from hub.cli.operate.walk_words import WORDS
from hub.cli.options import LabelLanguage
from hub.console.words import STATUS_WORDS
from hub.demo.systems.sector_systems import start_systems
from hub.demo.walk.dossiers_in_number import list_papers
from hub.demo.walk.outage import OutageAnswers, check_outage
from hub.errors import OperationRefused
from hub.procedures.declaration.definition import read_procedures
from hub.settings import load_settings
from hub.snapshots.statistics import load_statistics
from hub.store.server.embedded import EmbeddedServer
from tests.conftest import LinkedProvince, copy_database

DATABASE = "walked"


@dataclass(frozen=True)
class WalkedDemo:
    """What the walk has printed, and what it left: its folder of receipts, and the store."""

    printed: str
    receipts: Path
    database: str

    def rows(self, query: str) -> list[Any]:
        with psycopg.connect(self.database) as connection:
            return connection.execute(query).fetchall()  # type: ignore[call-overload,no-any-return]

    def read_step(self, title: str) -> list[str]:
        """The lines beneath a title."""
        _, _, rest = self.printed.partition(f"\n{title}\n")
        assert rest, title
        return rest.partition("\n\n")[0].splitlines()


@pytest.fixture(scope="module")
def walked(linked_province: LinkedProvince, postgres_server: EmbeddedServer, scratch: Path) -> Iterator[WalkedDemo]:
    folder = scratch / "walk"
    shutil.copytree(linked_province.folder, folder / "province")
    database = copy_database(postgres_server, linked_province.database, DATABASE)
    printed = io.StringIO()
    with (
        start_systems(folder / "province", postgres_server.url("postgres")) as systems,
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(printed),
    ):
        for name, value in systems.environment.items():
            patch.setenv(name, value)
        place = WalkPlace(postgres_server, systems, folder / "province", folder / "receipts", DATABASE)
        walk_procedures(load_settings(), place, LabelLanguage.EN)
    yield WalkedDemo(printed.getvalue(), folder / "receipts", database)
    postgres_server.drop_database(DATABASE)


def test_each_procedure_has_a_dossier_with_what_is_held(walked: WalkedDemo) -> None:
    lines = walked.read_step(WORDS[LabelLanguage.EN].dossiers)
    heads = [line for line in lines if re.match(r"\d\. ", line)]
    assert len(heads) == 8
    names = {one.name.en for one in read_procedures().values()}
    assert {re.sub(r"^\d\. | · .*$", "", head) for head in heads} == names
    assert sum(line.startswith(f"   {STATUS_WORDS['HELD'].en} ") for line in lines) >= 8
    assert walked.rows("select count(*), count(distinct purpose) from hub.dossier") == [(8, 8)]


def test_every_status_is_shown_by_a_dossier(walked: WalkedDemo) -> None:
    lines = walked.read_step(WORDS[LabelLanguage.EN].statuses)
    shown = {
        status
        for status, words in STATUS_WORDS.items()
        if any(line.startswith(f"   {words.en}: H49.12-") for line in lines)
    }
    assert shown == set(STATUS_WORDS)


def test_every_dossier_has_a_signed_receipt_as_page_and_pdf(walked: WalkedDemo) -> None:
    codes = {code for (code,) in walked.rows("select code from hub.dossier")}
    assert {file.name for file in walked.receipts.iterdir()} == {
        *(f"{code}{suffix}" for code in codes for suffix in (".html", ".pdf")),
        "receipts.key",
        "receipts.key.pub",
    }
    assert (
        sum(line.endswith("the signature is right") for line in walked.read_step(WORDS[LabelLanguage.EN].receipts)) == 8
    )


def test_the_correction_closes_by_itself_and_the_snapshot_differs(walked: WalkedDemo) -> None:
    ((state, held, claimed, origin),) = walked.rows("select state, held, claimed, origin from hub.source_correction")
    assert (state, origin) == ("RESOLVED", "DISCREPANCY")
    told = " ".join(line.strip() for line in walked.read_step(WORDS[LabelLanguage.EN].contradiction))
    assert held in told
    assert claimed in told
    assert "(by run:settle)" in told
    changes = walked.read_step(WORDS[LabelLanguage.EN].comparison)
    assert any(line.startswith("   held now (sources differ → held): ") for line in changes)


def test_a_source_that_stopped_never_looks_empty(walked: WalkedDemo) -> None:
    (title,) = re.findall(r"\n([^\n]* stops)\n", walked.printed)
    lines = walked.read_step(title)
    statuses = {line.strip().split(" · ")[0].rsplit(" ", 1)[0] for line in lines if " · " in line}
    assert {STATUS_WORDS["STALE"].en, STATUS_WORDS["UNAVAILABLE"].en} <= statuses
    assert not {STATUS_WORDS["HELD"].en, STATUS_WORDS["MISSING"].en} & statuses


def test_the_log_has_the_refused_read_and_the_others(walked: WalkedDemo) -> None:
    lines = walked.read_step(WORDS[LabelLanguage.EN].readers)
    assert "refused (NOT_A_SUBJECT)" in " ".join(line.strip() for line in lines)
    ((dossiers,),) = walked.rows("select count(distinct dossier) from ledger.record where dossier is not null")
    assert dossiers == 8
    told = " ".join(line.strip() for line in lines)
    assert re.search(r"Business officer · Change of .* · Refused NOT_A_SUBJECT", told)
    assert re.search(r"Land officer · Transfer of a land-use right · H49\.12-\d{6}-\d{4} · Answered", told)
    assert re.search(r"viewed your .* for the procedure “Transfer of a land-use right”", told)


def test_whoever_touches_the_ledger_is_found_out(walked: WalkedDemo) -> None:
    told = " ".join(line.strip() for line in walked.read_step(WORDS[LabelLanguage.EN].tampering))
    assert "RECORD_CHANGED" in told
    assert "nothing is found without the witness; OUTSIDE_AHEAD" in told
    assert re.search(r"[1-9]\d* reads of this citizen before, 0 after, and the ledger still holds", told)
    assert walked.rows("select count(*) from pg_database where datname = 'walk_tampered'") == [(0,)]
    assert walked.rows("select count(*) from ledger.month where key_destroyed_at is not null") == [(0,)]


def test_it_fits_the_width(walked: WalkedDemo) -> None:
    assert max(map(len, walked.printed.splitlines())) <= WIDTH


def test_offices_open_dossiers_in_number_and_statistics_count_their_papers(
    linked_province: LinkedProvince, postgres_server: EmbeddedServer
) -> None:
    database = copy_database(postgres_server, linked_province.database, "offices")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        fill_offices(load_settings(), postgres_server, 3, LabelLanguage.EN, database="offices")
    with psycopg.connect(database) as connection:
        found = load_statistics(connection)
        reads = connection.execute("select count(distinct dossier) from ledger.record").fetchone()
    postgres_server.drop_database("offices")
    assert [one.dossiers for one in found] == [3] * 8
    assert reads == (24,)
    assert all(one.sum_up().asks_refused for one in found), "each has a paper that is held"
    assert any(one.sum_up().asks_granted for one in found)
    assert all(one.name.en in printed.getvalue() for one in read_procedures().values())


@pytest.mark.parametrize(
    ("status", "none"), [("HELD", None), ("MISSING", None), ("STALE", {"label": {"vi": "Không có", "en": "None"}})]
)
def test_the_walk_fails_if_a_source_that_is_down_looks_empty_or_fresh(status: str, none: Any) -> None:
    def make_answer(status: str, none: Any = None) -> dict[str, Any]:
        return {"requirement": {"code": "certificates", "holder": "land"}, "status": status, "none": none}

    right = [make_answer("STALE"), make_answer("UNAVAILABLE"), make_answer("NOT_APPLICABLE")]
    check_outage(OutageAnswers(({"answers": right},)))
    with pytest.raises(OperationRefused, match="looks empty or fresh: certificates"):
        check_outage(OutageAnswers(({"answers": [*right, make_answer(status, none)]},)))
    with pytest.raises(OperationRefused, match="the outage shows STALE"):
        check_outage(OutageAnswers(({"answers": right[:1]},)))


def test_an_office_asks_for_each_paper_of_each_party_once() -> None:
    def make_answer(code: str, role: str, status: str, paper: str | None) -> dict[str, Any]:
        evidence = paper and {"vi": paper}
        reasons = ["CHOICE_OPEN"] if code == "list" else []
        return {"requirement": {"code": code, "evidence": evidence}, "role": role, "status": status, "reasons": reasons}

    answers = [
        make_answer("list", "buyer", "ASKED_OF_CITIZEN", "card"),
        make_answer("name", "seller", "HELD", "card"),
        make_answer("birth", "seller", "STALE", "card"),
        make_answer("origin", "seller", "MISSING", "card"),
        make_answer("name", "buyer", "STALE", "card"),
        make_answer("home", "buyer", "NOT_APPLICABLE", "book"),
        make_answer("price", "seller", "ASKED_OF_CITIZEN", None),
    ]
    assert list(list_papers(answers)) == [("name", "buyer"), ("birth", "seller")]


def test_both_languages_say_the_same() -> None:
    def list_names(text: str) -> list[str]:
        return sorted(re.findall(r"\{(\w+)", text))

    for name, text in vars(WORDS[LabelLanguage.VI]).items():
        assert list_names(text) == list_names(getattr(WORDS[LabelLanguage.EN], name)), name
