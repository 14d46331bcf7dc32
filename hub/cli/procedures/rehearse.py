"""`hub procedures rehearse`: how much of each form the store could fill, before an office works with a procedure."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated

from cyclopts import Parameter

from hub.cli.options import Json, LabelLanguage, Lang
from hub.cli.procedures.statistics_table import describe_statistics, name_procedure, show_statistics
from hub.cli.store import open_store_to_read
from hub.cli.terminal import OUT, show_json, show_table
from hub.errors import OperationRefused
from hub.graph.procedures.rehearsal import Rehearsal, rehearse_procedure
from hub.graph.service import make_executor, make_pool
from hub.procedures.declaration.definition import find_procedure
from hub.procedures.rehearsal_cases import ProcedureCases, find_procedure_cases, list_procedure_cases
from hub.settings import Settings, load_settings
from hub.store.engine import connect_for_run
from schema.core import Label

MOST_CASES = 100_000
PAPERS_TITLE = Label(
    "Giấy tờ, nếu hỏi mỗi bên mọi giấy của thủ tục", "Papers, if each party were asked for every one of the form"
)
PAPER, SPARED, NEEDED = Label("Giấy", "paper"), Label("Không cần nộp", "spared"), Label("Còn phải nộp", "needed")
REHEARSED_COUNTS: Mapping[LabelLanguage, str] = {
    LabelLanguage.VI: "{cases:,} trường hợp thử, {rate:.0f} trường hợp mỗi giây",
    LabelLanguage.EN: "cases {cases:,}, {rate:.0f} a second",
}
BLOCKED_WORDS: Mapping[LabelLanguage, str] = {
    LabelLanguage.VI: "Không làm được thủ tục: {label}, {number:,} trường hợp",
    LabelLanguage.EN: "Blocked: {label}, cases {number:,}",
}


def rehearse_command(
    code: str | None = None,
    *,
    cases: Annotated[int, Parameter(help=f"Most cases of a procedure: 1 to {MOST_CASES:,}.")] = 1_000,
    lang: Lang = LabelLanguage.VI,
    json: Json = False,
) -> None:
    """Show how much of each form the store could fill today, over likely cases: before an office works with a procedure.

    Cases are prefilled as dossiers are, and nothing is kept: no dossier, no snapshot, no value. No source is asked. A paper is spared if
    all that it would show is held. No personal data.

    Parameters
    ----------
    code
        The procedure, e.g. land-right-transfer; all that have a query for likely cases if you leave it out.
    """
    if not 1 <= cases <= MOST_CASES:
        raise OperationRefused(f"--cases is {cases:,}", next_step=f"choose from 1 to {MOST_CASES:,}")
    if code is not None:
        find_procedure(code)
    chosen = list_procedure_cases() if code is None else (find_procedure_cases(code),)
    settings = load_settings().model_copy(update={"lookup_timeout_s": 0.0})
    with open_store_to_read(settings) as store:
        found = asyncio.run(_rehearse(settings, store.url, chosen, cases))
    if json:
        show_json([describe_rehearsal(one) for one in found])
        return
    for one in found:
        show_rehearsal(one, lang)


async def _rehearse(settings: Settings, url: str, procedures: Sequence[ProcedureCases], most: int) -> list[Rehearsal]:
    async with make_pool(settings, url) as pool:
        executor = make_executor(settings, pool)
        try:
            with connect_for_run(url) as connection:
                chosen = [(one.procedure, one.find(connection, most)) for one in procedures]
            return [await rehearse_procedure(executor.prefills, procedure, found) for procedure, found in chosen]
        finally:
            await executor.refresher.close()


def show_rehearsal(found: Rehearsal, lang: LabelLanguage) -> None:
    """What a rehearsal came to, and what blocked cases."""
    code, rate = found.statistics.code, found.cases / found.seconds if found.seconds else 0.0
    counts = REHEARSED_COUNTS[lang].format(cases=found.cases, rate=rate)
    show_statistics(f"{name_procedure(code, lang)}: {counts}", found.statistics, lang, has_papers=False)
    columns = [lang.pick(label) for label in (PAPER, SPARED, NEEDED)]
    rows = [(lang.pick(one.label), one.spared, one.needed) for one in found.papers.values()]
    if rows:
        show_table(lang.pick(PAPERS_TITLE), columns, rows, numbers=columns[1:])
    for block, number in found.blocked.most_common():
        OUT.print(BLOCKED_WORDS[lang].format(label=lang.pick(found.block_labels[block]), number=number))
    for refusal, number in found.refused.most_common():
        OUT.print(f"{refusal}: {number:,}")


def describe_rehearsal(found: Rehearsal) -> dict[str, object]:
    """A rehearsal as JSON."""
    described = describe_statistics(found.statistics)
    papers = [
        {"paper": one.label.model_dump(), "spared": one.spared, "needed": one.needed} for one in found.papers.values()
    ]
    return {
        "procedure": described["procedure"],
        "cases": found.cases,
        "blocked": dict(found.blocked.most_common()),
        "refused": dict(found.refused.most_common()),
        "papers": papers,
        "total": described["total"],
        "requirements": described["requirements"],
    }
