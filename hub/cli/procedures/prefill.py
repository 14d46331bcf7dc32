"""`hub prefill`: what a procedure's form can be filled with, on the command line."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from cyclopts import Parameter
from psycopg import Connection

from hub.access.dossiers.dossier_store import NamedSubject
from hub.access.purpose_declaration import PurposeDeclaration
from hub.cli.options import Json, LabelLanguage, Lang
from hub.cli.shown_values import ShownValues, record_shown
from hub.cli.store import open_store_to_read
from hub.cli.terminal import OUT, mark_text, show_json, show_table
from hub.console.words import describe_outcome
from hub.errors import OperationRefused
from hub.graph.execution.reading import Reading
from hub.graph.permission.callers import LOCAL
from hub.graph.procedures.prefill.prefill_service import PrefillRequest
from hub.graph.service import make_executor, make_pool
from hub.ingest.connectors import load_manifests
from hub.ledger.log.people import PersonKey, build_people_query
from hub.model.registry import load_registry
from hub.plan.read_paths import list_read_paths
from hub.procedures.answering.statuses import AnswerStatus
from hub.procedures.answers import Prefill, RequirementAnswer, as_json
from hub.procedures.declaration.definition import find_procedure
from hub.procedures.display import display_value
from hub.settings import Settings, load_settings
from hub.store.engine import connect_for_run, store_url

SUBJECT_FORM = "write role=identifier, e.g. transferor=022084001234, or role.key=identifier"
CHOICE_FORM = 'write requirement=key, e.g. certificates="CH 00123456"'


def prefill_command(
    procedure: str,
    *,
    subject: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    choose: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    lang: Lang = LabelLanguage.VI,
    json: Json = False,
) -> None:
    """Prefill a procedure for the subjects that you name: what the state holds, and what the citizen must still be asked.

    Parameters
    ----------
    procedure
        The procedure, e.g. land-right-transfer.
    subject
        A subject: role=identifier, e.g. transferor=022084001234; role.key=identifier for another key than the first. Repeat it.
    choose
        The item of a list that the case is about: requirement=key, e.g. certificates="CH 00123456". Repeat it.
    """
    declared = find_procedure(procedure)
    request = PrefillRequest(
        procedure, tuple(_parse_subject(declared, text) for text in subject), _parse_choices(choose)
    )
    settings = load_settings()
    reading = Reading(LOCAL)
    with open_store_to_read(settings) as store, connect_for_run(store_url(store.engine)) as connection:
        filled = asyncio.run(_fill(settings, store.url, request, reading))
        record_shown(connection, _list_shown(connection, request, reading))
    if json:
        show_json({**as_json(filled), "stillToAsk": as_json(filled.still_to_ask)})
        return
    show_prefill(filled, lang)


def show_prefill(filled: Prefill, lang: LabelLanguage = LabelLanguage.VI) -> None:
    """The form as an officer would see it, then the list of papers to ask for."""
    titles = {name: lang.pick(manifest.title) for name, manifest in load_manifests().items()}
    title = f"Prefill: {filled.procedure.name.vi} / {filled.procedure.name.en}"
    columns = ("yêu cầu / requirement", "giá trị / value", "của / of", "nguồn / source", "tính đến (UTC) / as of")
    show_table(title, columns, [row for answer in filled.answers for row in _rows(answer, lang, titles)])
    for block in filled.blocked_by:
        OUT.print(mark_text("bold", "Blocked:", f" {block.label.vi} ({block.label.en})"))
    left = ", ".join(dict.fromkeys(f"{a.requirement.label.vi} ({a.requirement.label.en})" for a in filled.still_to_ask))
    applicable = [answer for answer in filled.answers if answer.status is not AnswerStatus.NOT_APPLICABLE]
    held = sum(answer.status is AnswerStatus.HELD for answer in applicable)
    OUT.print(mark_text("bold", f"Held: {held} of {len(applicable)}.", f" Still to ask: {left or 'nothing'}"))


def _rows(answer: RequirementAnswer, lang: LabelLanguage, titles: Mapping[str, str]) -> Iterator[tuple[object, ...]]:
    """The rows of one answer: its values, and its status if it is not held."""
    if answer.status is AnswerStatus.NOT_APPLICABLE:
        return
    name, of = lang.pick(answer.requirement.label), " › ".join(item.key for item in answer.items)
    for number, value in enumerate(answer.values):
        yield (
            "" if number else name,
            lang.pick(display_value(value)),
            of,
            titles.get(value.source or "", value.source),
            str(value.as_of or "")[:16],
        )
    if answer.none is not None:
        yield (
            name,
            lang.pick(answer.none.label),
            of,
            titles.get(answer.none.source or "", answer.none.source),
            str(answer.none.as_of)[:16],
        )
    if answer.status is not AnswerStatus.HELD:
        why = lang.pick(describe_outcome(answer.status.name, [reason.name for reason in answer.reasons]))
        yield (
            "" if answer.values else name,
            f"[{why}]",
            of,
            titles.get(answer.requirement.holder or "", answer.requirement.holder),
            "",
        )


async def _fill(settings: Settings, url: str, request: PrefillRequest, reading: Reading) -> Prefill:
    async with make_pool(settings, url) as pool:
        executor = make_executor(settings, pool, connectors=load_manifests(), names_people=True)
        try:
            return await executor.prefills.fill(request, reading)
        finally:
            await executor.refresher.close()


def _list_shown(connection: Connection[Any], request: PrefillRequest, reading: Reading) -> ShownValues:
    """What the ledger says a prefill showed: the fields of its documents, who was named, and whose data its answers also have."""
    fields = {path for ready in reading.documents for path in list_read_paths(ready.checked.document, ready.operation)}
    people: list[tuple[str, int]] = []
    for subject in request.subjects:
        if load_registry()[subject.entity].personal:
            key = PersonKey(subject.entity, field=subject.field, value=subject.value, number=subject.number)
            query = build_people_query(load_registry(), key)
            rows = connection.execute(query.sql, query.parameters).fetchall()
            people += [(subject.entity, int(number)) for (number,) in rows]
    return ShownValues(tuple(fields), tuple(people), purpose=request.procedure, others=tuple(reading.people))


def _parse_subject(declared: PurposeDeclaration, text: str) -> NamedSubject:
    """A subject as it is written. Raises OperationRefused with ROLE_UNKNOWN, WRONG_KIND or BAD_USER_INPUT."""
    named, _, value = text.partition("=")
    role, _, key = named.strip().partition(".")
    if not value.strip():
        raise OperationRefused(f"--subject {named[:60]} has no identifier", next_step=SUBJECT_FORM)
    known = declared.subjects.get(role)
    if known is None:
        raise OperationRefused(
            f"{declared.code} has no role {role[:60]}",
            code="ROLE_UNKNOWN",
            next_step=f"use one of: {', '.join(declared.subjects)}",
        )
    keys = load_registry()[known.entity].keys
    column = next((one for one in keys if not key or key in (one.name, one.graphql)), None)
    if column is None:
        raise OperationRefused(
            f"{known.entity} is not identified by {key[:60]}",
            code="WRONG_KIND",
            next_step=f"use one of: {', '.join(one.graphql for one in keys)}",
        )
    return NamedSubject(role, known.entity, column.name, value.strip())


def _parse_choices(given: Sequence[str]) -> dict[str, frozenset[str]]:
    chosen: dict[str, frozenset[str]] = {}
    for text in given:
        code, _, key = text.partition("=")
        if not key.strip():
            raise OperationRefused(f"--choose {code[:60]} has no key", next_step=CHOICE_FORM)
        chosen[code.strip()] = chosen.get(code.strip(), frozenset()) | {key.strip()}
    return chosen
