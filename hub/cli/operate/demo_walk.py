"""`hub demo --walk`: the procedures on the demonstration, step by step, in the words of an office. Every step fails if it does not show what it says.

Labels, statuses and sources are printed, and values of the contradiction alone: everybody in the demonstration is invented.
"""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import Connection

from hub.cli.operate.ledger_walk import print_readers, print_tampering
from hub.cli.operate.walk_printer import print_line, print_title
from hub.cli.operate.walk_words import WORDS, WalkWords
from hub.cli.options import LabelLanguage
from hub.cli.procedures.snapshots import find_receipt_signer
from hub.cli.terminal import OUT, mark_text
from hub.console.words import CHANGE_WORDS, REASON_WORDS, STATUS_WORDS
from hub.corrections.delivery import deliver_corrections
from hub.corrections.records import Correction
from hub.demo.systems.sector_systems import RunningSystems
from hub.demo.walk.contradiction import (
    ask_for_correction,
    compare_with_now,
    find_disputed_name,
    load_with_history,
    write_name_at_source,
)
from hub.demo.walk.dossiers import (
    CONTRADICTED_PROCEDURE,
    ChosenCase,
    WalkDossier,
    choose_cases,
    open_dossiers,
)
from hub.demo.walk.ledger_trials import KEY_FILE, WITNESS_FILE, LedgerPlace
from hub.demo.walk.office import BUSINESS_OFFICER, DemoOffices, open_offices
from hub.demo.walk.outage import DAYS, SYSTEM, OutageAnswers, check_outage, let_time_pass, read_in_outage
from hub.demo.walk.readers import find_readers
from hub.errors import HubMisconfigured, OperationRefused
from hub.graph.procedures.receipts import ReceiptPrinter, Render
from hub.graph.service import make_executor, make_pool
from hub.ingest.connectors import load_manifests
from hub.ingest.run.connector_run import RunReport, sync_connectors
from hub.ledger.checkpoints.signing_keys import create_signing_key
from hub.link.run.linking_run import run_linking
from hub.model.correction_states import STATE_LABELS, CorrectionState
from hub.procedures.answering.statuses import AnswerStatus
from hub.procedures.declaration.definition import find_procedure
from hub.settings import Settings
from hub.snapshots.records import PrefillSnapshot
from hub.store.engine import connect_for_run, make_engine
from hub.store.server.embedded import EmbeddedServer

MOST_LABELS = 6
"""Requirements named in a line; of the others it says how many they are."""


@dataclass(frozen=True)
class WalkPlace:
    """Where the walk goes: the store, the sector systems with the files of their province, and the folder for receipts."""

    server: EmbeddedServer
    systems: RunningSystems
    province: Path
    receipts: Path
    database: str = "hub"

    @property
    def url(self) -> str:
        """The store's address, of its owner."""
        return self.server.url(self.database)


class ProcedureWalk:
    """The steps, in their order. Raises OperationRefused from any of them."""

    def __init__(
        self, place: WalkPlace, offices: DemoOffices, connection: Connection[Any], lang: LabelLanguage
    ) -> None:
        self.place = place
        self.offices = offices
        self.connection = connection
        self.lang = lang
        self.words: WalkWords = WORDS[lang]
        self.titles = {name: lang.pick(manifest.title) for name, manifest in load_manifests().items()}

    async def go(self, cases: Sequence[ChosenCase], personal_id: str) -> None:
        """Walk from the first dossier to who read the data of the citizen with this identifier."""
        dossiers = await open_dossiers(self.offices, cases)
        self._tell_dossiers(dossiers)
        await self._print_receipts(dossiers)
        transfer = next(one for one in dossiers if one.procedure == CONTRADICTED_PROCEDURE)
        await self._correct(transfer)
        await self._compare(transfer)
        outage = await self._stop_source(dossiers)
        self._tell_statuses(dossiers, outage)
        other = next(one for one in dossiers if one.officer == BUSINESS_OFFICER)
        print_readers(await find_readers(self.offices, transfer, other, personal_id), self.lang)

    # --- Eight dossiers and their receipts ----------------------------------------------------------------------------

    def _tell_dossiers(self, dossiers: Sequence[WalkDossier]) -> None:
        print_title(self.words.dossiers)
        for number, one in enumerate(dossiers, 1):
            name = self.lang.pick(find_procedure(one.procedure).name)
            OUT.print(mark_text("bold", f"{number}. {name}", f" · {one.code}"))
            self._tell_answers(one.prefill["answers"])

    def _tell_answers(self, answers: Sequence[Mapping[str, Any]]) -> None:
        """A line for each status and source, or reason."""
        lines: dict[tuple[str, str], Counter[str]] = {}
        for answer in answers:
            if not _is_held_list(answer):
                lines.setdefault((answer["status"], self._tell_origin(answer)), Counter())[self._label(answer)] += 1
        order = [status.name for status in AnswerStatus]
        for (status, origin), labels in sorted(lines.items(), key=lambda line: order.index(line[0][0])):
            if status != AnswerStatus.NOT_APPLICABLE.name:
                print_line(f"{self._status(status)} {labels.total()} · {origin}: {self._list_labels(labels)}")
        left_out = sum(answer["status"] == AnswerStatus.NOT_APPLICABLE.name for answer in answers)
        if left_out:
            print_line(f"{self._status(AnswerStatus.NOT_APPLICABLE.name)} {left_out}")

    def _tell_origin(self, answer: Mapping[str, Any]) -> str:
        """The sources of what is held; of the others, the strongest reason."""
        if answer["status"] != AnswerStatus.HELD.name:
            return " / ".join(self.lang.pick(REASON_WORDS[reason]) for reason in answer["reasons"])
        origins = [*answer["values"], *([answer["none"]] if answer["none"] else [])]
        sources = {part.strip() for one in origins for part in (one["source"] or "").split(",") if part.strip()}
        named = ", ".join(sorted(self.titles.get(one, one) for one in sources))
        return named or self.words.computed

    async def _print_receipts(self, dossiers: Sequence[WalkDossier]) -> None:
        print_title(self.words.receipts)
        folder = self.place.receipts
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        key = create_signing_key(folder / "receipts.key")
        printer = ReceiptPrinter(load_manifests(), key)
        for one in dossiers:
            files = [folder / f"{one.code}{suffix}" for suffix in await self._write_receipt(one, printer)]
            signers = {find_receipt_signer(file, (folder / "receipts.key.pub",)) for file in files}
            if signers != {key.id}:
                raise OperationRefused("a receipt is not signed by the hub's key", next_step="run `hub doctor`")
            held = sum(answer["status"] == AnswerStatus.HELD.name for answer in one.prefill["answers"])
            names = ", ".join(file.name for file in files)
            print_line(self.words.receipt.format(files=names, held=held))
        print_line(self.words.receipts_kept.format(folder=folder))

    async def _write_receipt(self, dossier: WalkDossier, printer: ReceiptPrinter) -> list[str]:
        """Write the page, and the PDF if its extra is installed. Returns the suffixes of the files."""

        async def make_page(snapshot: PrefillSnapshot) -> bytes:
            return printer.render(snapshot)

        async def make_pdf(snapshot: PrefillSnapshot) -> bytes:
            return await asyncio.to_thread(printer.render_pdf, snapshot)

        renders: Mapping[str, Render] = {".html": make_page, ".pdf": make_pdf}
        written: list[str] = []
        for suffix, render in renders.items():
            with suppress(HubMisconfigured):  # without the extra there are pages alone
                file = await self.offices.fetch_receipt(dossier.officer, render, dossier.code)
                (self.place.receipts / f"{dossier.code}{suffix}").write_bytes(file)
                written.append(suffix)
        return written

    # --- A contradiction, and what differs afterwards -----------------------------------------------------------------

    async def _correct(self, dossier: WalkDossier) -> None:
        print_title(self.words.contradiction)
        name = find_disputed_name(dossier)
        number = await ask_for_correction(self.offices, dossier, name)
        opened, _ = load_with_history(self.connection, number)
        source = self.titles.get(name.source, name.source)
        print_line(self.words.disputed.format(source=source, recorded=opened.held, answers=name.answers))
        print_line(self.words.asked.format(number=number, claimed=opened.claimed, state=self._state(opened)))
        write_name_at_source(self.place.province, opened)
        print_line(self.words.changed.format(source=source))
        report = (await asyncio.to_thread(self._sync_and_link))[0]
        done = deliver_corrections(self.connection)
        closed, events = load_with_history(self.connection, number)
        if closed.state is not CorrectionState.RESOLVED or done is None or done.settled.resolved != 1:
            raise OperationRefused(f"the correction is {closed.state}", next_step="see `hub corrections show`")
        print_line(self.words.synced.format(changed=report.changed, state=self._state(closed), by=events[-1].by))

    async def _compare(self, dossier: WalkDossier) -> None:
        print_title(self.words.comparison)
        self.offices.services.executor.prefills.sources.forget()
        changes = await compare_with_now(self.offices, dossier)
        if not any(change["kind"] == "GAINED" for change in changes):
            raise OperationRefused("nothing is held now that was contradictory", next_step="run `hub doctor`")
        lines: dict[tuple[str, str, str], Counter[str]] = {}
        for one in changes:
            way = (one["kind"], self._status(one["before"]), self._status(one["now"]))
            lines.setdefault(way, Counter())[str(one["label"][self.lang.value])] += 1
        for (kind, before, now), labels in lines.items():
            print_line(f"{self.lang.pick(CHANGE_WORDS[kind])} ({before} → {now}): {self._list_labels(labels)}")

    # --- A source that stops ------------------------------------------------------------------------------------------

    async def _stop_source(self, dossiers: Sequence[WalkDossier]) -> OutageAnswers:
        source = self.titles[SYSTEM]
        print_title(self.words.outage.format(source=source))
        self.place.systems.stop_system(SYSTEM)
        report = (await asyncio.to_thread(self._sync))[0]
        if report.status != "FAILED":
            raise OperationRefused(f"the stopped source was read: {report.status}", next_step="run `hub doctor`")
        let_time_pass(self.connection)
        print_line(self.words.stopped.format(source=source, days=DAYS))
        found = await read_in_outage(self.offices, dossiers)
        check_outage(found)
        answers = found.list_of_system()
        self._tell_answers(answers)
        print_line(self.words.never_none.format(answers=len(answers)))
        return found

    def _tell_statuses(self, dossiers: Sequence[WalkDossier], outage: OutageAnswers) -> None:
        """Which dossier shows which status, the first of each. Raises OperationRefused if none shows one of them."""
        print_title(self.words.statuses)
        for status in AnswerStatus:
            shown = _find_status(dossiers, [one.prefill for one in dossiers], status)
            when = "" if shown else self.words.in_outage
            shown = shown or _find_status(dossiers, outage.prefills, status)
            if shown is None:
                raise OperationRefused(
                    f"no dossier shows {status.name}", next_step="take a larger province: --citizens"
                )
            number, answer = shown
            reason = self.lang.pick(REASON_WORDS[answer["reasons"][0]]) if answer["reasons"] else ""
            why = f" ({reason})" if reason else ""
            print_line(f"{self._status(status.name)}: {number}{when}, {self._label(answer)}{why}")

    # --- Lines --------------------------------------------------------------------------------------------------------

    def _sync(self) -> list[RunReport]:
        engine = make_engine(self.place.url)
        try:
            return sync_connectors(engine, [SYSTEM])
        finally:
            engine.dispose()

    def _sync_and_link(self) -> list[RunReport]:
        engine = make_engine(self.place.url)
        try:
            reports = sync_connectors(engine, [SYSTEM])
            run_linking(engine)
            return reports
        finally:
            engine.dispose()

    def _label(self, answer: Mapping[str, Any]) -> str:
        return str(answer["requirement"]["label"][self.lang.value])

    def _status(self, status: str | None) -> str:
        return self.lang.pick(STATUS_WORDS[status]) if status else self.words.no_answer

    def _state(self, correction: Correction) -> str:
        return self.lang.pick(STATE_LABELS[correction.state])

    def _list_labels(self, labels: Counter[str]) -> str:
        """Labels have commas themselves: semicolons part them."""
        named = [label if number == 1 else f"{label} ×{number}" for label, number in labels.items()]
        more = len(named) - MOST_LABELS
        return "; ".join(named[:MOST_LABELS]) + (self.words.more.format(number=more) if more > 0 else "")


def _is_held_list(answer: Mapping[str, Any]) -> bool:
    """Whether it is a list that is held: its items have answers of their own."""
    return answer["status"] == AnswerStatus.HELD.name and not answer["values"] and answer["none"] is None


def _find_status(
    dossiers: Sequence[WalkDossier], prefills: Iterable[Mapping[str, Any]], status: AnswerStatus
) -> tuple[str, Mapping[str, Any]] | None:
    """The first dossier that has an answer of a status, and the answer."""
    for dossier, prefill in zip(dossiers, prefills, strict=True):
        for answer in prefill["answers"]:
            if answer["status"] == status.name:
                return dossier.code, answer
    return None


def walk_procedures(settings: Settings, place: WalkPlace, lang: LabelLanguage) -> None:
    """Walk on the store that was read and linked; the services of a hub run meanwhile, with access and the ledger on."""
    outside = _prepare_ledger(place)
    with connect_for_run(place.url) as connection:
        personal_id = asyncio.run(_walk(settings, place, connection, lang, outside))
    # Nobody is connected any more: the store can be copied.
    print_tampering(outside, personal_id, lang)


def _prepare_ledger(place: WalkPlace) -> LedgerPlace:
    """The folder of what stands outside of the ledger, with a new signing key."""
    folder = place.receipts.parent / "ledger"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    create_signing_key(folder / KEY_FILE)
    return LedgerPlace(place.server, place.database, folder)


async def _walk(
    settings: Settings, place: WalkPlace, connection: Connection[Any], lang: LabelLanguage, outside: LedgerPlace
) -> str:
    """The steps while a hub runs. Returns the identifier of the citizen whose readers were looked for."""
    changed = {"ledger_signing_key": outside.folder / KEY_FILE, "ledger_witness_file": outside.folder / WITNESS_FILE}
    settings = settings.model_copy(update=changed)
    cases = await _choose(settings, place.url, connection)
    personal_id = _find_transferor(cases)
    async with open_offices(settings, place.server, place.database, citizen=personal_id) as offices:
        await ProcedureWalk(place, offices, connection, lang).go(cases, personal_id)
    return personal_id


def _find_transferor(cases: Sequence[ChosenCase]) -> str:
    """The identifier of who transfers land in the case of a transfer."""
    transfer = next(case for case in cases if case.procedure == CONTRADICTED_PROCEDURE)
    value = transfer.subjects[0].value
    assert value is not None  # cases name people by their identifiers
    return value


async def _choose(settings: Settings, url: str, connection: Connection[Any]) -> list[ChosenCase]:
    async with make_pool(settings, url) as pool:
        executor = make_executor(settings, pool)
        try:
            return await choose_cases(executor.prefills, connection)
        finally:
            await executor.refresher.close()
