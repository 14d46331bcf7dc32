"""The last steps of `hub demo --walk`: who read whose data, and what the ledger says if somebody touches it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from hub.access.purposes import read_purposes
from hub.cli.ledger.log import LogSlice, find_people, query_log
from hub.cli.operate.walk_printer import print_line, print_title
from hub.cli.operate.walk_words import WORDS, WalkWords
from hub.cli.options import LabelLanguage
from hub.console.auditor.log_search import OUTCOME_WORDS
from hub.console.words import VIETNAM
from hub.demo.identities import IDENTITIES
from hub.demo.walk.ledger_trials import LedgerPlace, forget_month, try_tampering
from hub.demo.walk.readers import ReadersFound
from hub.ledger.log.query import LogFilter
from hub.ledger.verify.verify import VerifyReport

MOST_COUNTED = 1_000


def print_readers(found: ReadersFound, lang: LabelLanguage) -> None:
    """The reads of a citizen's data as an auditor sees them, the refused one, and the citizen's own sentences."""
    words = WORDS[lang]
    print_title(words.readers)
    print_line(words.wrong_purpose.format(code=found.refused["code"]))
    print_line(words.in_log)
    for entry in (found.refused, *found.reads):
        print_line(f"· {_describe_entry(entry, lang)}")
    print_line(words.own_log)
    for entry in found.told:
        print_line(f"· {_show_time(entry['at'])} {entry['text'][lang.value]}")


def print_tampering(place: LedgerPlace, personal_id: str, lang: LabelLanguage) -> None:
    """What verification says to the ledger as it is, edited, cut off, and without the month's key. Raises OperationRefused."""
    words = WORDS[lang]
    print_title(words.tampering)
    found = try_tampering(place)
    print_line(words.untouched.format(records=found.untouched.records, checkpoints=found.untouched.checkpoints))
    print_line(words.edited.format(found=_name_findings(found.edited, words)))
    print_line(
        words.cut.format(
            alone=_name_findings(found.cut_alone, words), witnessed=_name_findings(found.cut_with_witness, words)
        )
    )
    forgotten = forget_month(place, lambda connection: _count_entries(connection, personal_id))
    print_line(
        words.forgotten.format(
            month=f"{forgotten.month:%m/%Y}",
            day=f"{forgotten.day:%d/%m/%Y}",
            before=forgotten.before,
            after=forgotten.after,
        )
    )
    print_line(words.copies)


def _count_entries(connection: Connection[Any], personal_id: str) -> int:
    """Entries about a citizen, at most MOST_COUNTED."""
    people = find_people(connection, personal_id)
    return len(query_log(connection, LogFilter(), LogSlice(MOST_COUNTED, personal_id=personal_id), people).entries)


def _describe_entry(entry: Mapping[str, Any], lang: LabelLanguage) -> str:
    """Time, who, purpose, dossier, and how it ended."""
    purpose = read_purposes().get(entry["purpose"] or "")
    named = [
        f"{_show_time(entry['at'])} {_name_reader(entry['principal'], lang)}",
        lang.pick(purpose.declaration.name) if purpose else "",
        entry["dossier"] or "",
        " ".join(part for part in (lang.pick(OUTCOME_WORDS[entry["outcome"]]), entry["code"] or "") if part),
    ]
    return " · ".join(part for part in named if part)


def _name_reader(principal: str, lang: LabelLanguage) -> str:
    """A person of the demonstration by their name in one language: it has both."""
    known = {identity.id: identity.display_name for identity in IDENTITIES}
    names = known.get(principal.rpartition("|")[2], principal).split(" · ")
    return names[0] if lang is LabelLanguage.VI else names[-1]


def _show_time(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(VIETNAM):%H:%M:%S}"


def _name_findings(report: VerifyReport, words: WalkWords) -> str:
    """The codes of what is wrong; that nothing is, if so."""
    broken: Sequence[str] = sorted({one.code for one in report.findings if one.kind.weight == "BROKEN"})
    return ", ".join(broken) or words.nothing_found
