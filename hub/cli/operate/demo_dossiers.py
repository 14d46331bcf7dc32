"""`hub demo --dossiers`: dossiers in number, opened and prefilled by the demonstration's officers, for statistics and lists to have something to show."""

import asyncio
from collections.abc import Callable

import psycopg

from hub.cli.options import LabelLanguage
from hub.cli.procedures.statistics_table import name_procedure
from hub.cli.terminal import make_progress, show_table
from hub.demo.walk.dossiers_in_number import OfficeCase, number_cases, open_in_number
from hub.demo.walk.office import open_offices
from hub.procedures.rehearsal_cases import list_procedure_cases
from hub.settings import Settings
from hub.snapshots.statistics import ProcedureStatistics, load_statistics
from hub.store.server.embedded import EmbeddedServer

UNLIMITED = ",".join(f"{kind}=off" for kind in ("officer", "reviewer", "operator", "app", "explorer"))
LIMITS = ("reads_per_minute", "subjects_per_hour", "refusals_per_hour", "misses_per_hour")


def fill_offices(
    settings: Settings, server: EmbeddedServer, number: int, lang: LabelLanguage, *, database: str = "hub"
) -> None:
    """Open dossiers, at most so many of each procedure, and show what was held. Raises OperationRefused."""
    with psycopg.connect(server.url(database), autocommit=True) as connection:
        cases = number_cases({one.procedure: one.find(connection, number) for one in list_procedure_cases()})
        with make_progress() as bars:
            task = bars.add_task("Opening dossiers", total=len(cases))
            asyncio.run(_open(settings, server, database, cases, lambda done: bars.update(task, completed=done)))
        columns = ("procedure", "dossiers", "answers", "held", "papers refused", "papers granted")
        rows = [_make_row(one, lang) for one in load_statistics(connection)]
    show_table("Dossiers of the offices: see `hub procedures stats`", columns, rows, numbers=columns[1:])


def _make_row(one: ProcedureStatistics, lang: LabelLanguage) -> tuple[object, ...]:
    whole = one.sum_up()
    share = "" if whole.share_held is None else f"{whole.share_held:.1%}"
    return name_procedure(one.code, lang), one.dossiers, whole.answers, share, whole.asks_refused, whole.asks_granted


async def _open(
    settings: Settings, server: EmbeddedServer, database: str, cases: list[OfficeCase], told: Callable[[int], None]
) -> None:
    # A year's work in a minute: two officers read of more people than one may in an hour.
    settings = settings.model_copy(update=dict.fromkeys(LIMITS, UNLIMITED))
    async with open_offices(settings, server, database) as offices:
        await open_in_number(offices, cases, told)
