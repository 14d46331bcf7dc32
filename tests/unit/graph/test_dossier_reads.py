"""Dossiers as reads need them: kept for a while, and alike to whoever may not know of them."""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from hub.errors import OperationRefused
from hub.graph.permission.dossier_reads import (
    AHEAD_S,
    COMPARED_AT_ONCE,
    IN_USE_S,
    KEPT_S,
    MOST_COMPARED,
    DossierReads,
    select_states,
)
from hub.model.registry import load_registry
from tests.unit.graph.test_callers import COMMUNE, principal

DOSSIER = {
    "id": 1,
    "code": "H49.12-251118-0001",
    "purpose": "land-right-transfer",
    "office": COMMUNE,
    "opened_via": "MUTATION",
    "outcome": None,
    "opened_at": "2025-11-18T08:00:00+07:00",
    "expires_at": "9999-12-31T00:00:00+00:00",
    "subjects": [],
}
SELECT_STATES = select_states(load_registry())


class CountedReads:
    def __init__(self) -> None:
        self.statements = 0
        self.state = "as it was opened"
        self.compared: list[list[str]] = []
        self.answers = asyncio.Event()
        self.answers.set()

    async def json(self, sql: str, parameters: Sequence[Any]) -> bytes:
        self.statements += 1
        await self.answers.wait()
        if sql == SELECT_STATES:
            (codes,) = parameters
            self.compared.append(codes)
            return orjson.dumps(dict.fromkeys(codes, self.state))
        (code,) = parameters
        return orjson.dumps(
            {"dossier": {**DOSSIER, "code": code}, "state": self.state} if code < "H49.12-251118-5" else None
        )


def make_dossiers() -> tuple[CountedReads, list[float], DossierReads]:
    """A store, the time of its reader, which a test moves, and the reader."""
    reads: Any = CountedReads()
    now = [0.0]
    return reads, now, DossierReads(reads, load_registry(), clock=lambda: now[0])


def test_a_dossier_of_another_office_costs_what_an_invented_one_does() -> None:
    reads: Any = CountedReads()
    dossiers = DossierReads(reads, load_registry())

    def count(code: str, office: str) -> tuple[int, str]:
        before = reads.statements
        try:
            asyncio.run(dossiers.find(code, principal(office)))
        except OperationRefused as error:
            return reads.statements - before, error.code
        return reads.statements - before, ""

    own, foreign = COMMUNE, "00097@2025-07-01"
    assert count(str(DOSSIER["code"]), own) == (1, "")
    assert count(str(DOSSIER["code"]).lower(), own) == (0, ""), "kept"
    for code in (str(DOSSIER["code"]), "H49.12-251118-9999") * 2:
        assert count(code, foreign) == (1, "DOSSIER_UNKNOWN")
    dossiers.forget(str(DOSSIER["code"]))
    assert count(str(DOSSIER["code"]), own) == (1, "")


def test_dossiers_that_are_read_together_are_compared_with_the_store_together() -> None:
    reads, now, dossiers = make_dossiers()
    code, own = str(DOSSIER["code"]), principal(COMMUNE)

    async def read_at_once() -> int:
        before = reads.statements
        await asyncio.gather(*(dossiers.find(code, own) for _ in range(20)))
        return int(reads.statements - before)

    async def run() -> None:
        await dossiers.find(code, own)
        now[0] = KEPT_S - AHEAD_S - 0.1
        assert await read_at_once() == 0
        now[0] = KEPT_S + 0.1
        assert await read_at_once() == 1, "one statement for all who ask"
        assert await read_at_once() == 0
        reads.state, now[0] = "somebody was added", 2 * KEPT_S + 0.3
        before = reads.statements
        await dossiers.find(code, own)
        assert reads.statements - before == 2, "what has changed is read again"

    asyncio.run(run())


def test_nobody_waits_while_a_dossier_in_use_is_compared() -> None:
    reads, now, dossiers = make_dossiers()
    code, own = str(DOSSIER["code"]), principal(COMMUNE)

    async def find_while_silent() -> int:
        """How many statements are begun by five requests that are answered though the database is silent."""
        before = reads.statements
        reads.answers.clear()
        async with asyncio.timeout(10):
            for _ in range(5):
                await dossiers.find(code, own)
                await asyncio.sleep(0)
        return int(reads.statements - before)

    async def let_answer() -> None:
        reads.answers.set()
        for _ in range(5):
            await asyncio.sleep(0)

    async def run() -> None:
        await dossiers.find(code, own)
        now[0] = KEPT_S - 0.1
        assert await find_while_silent() == 1, "compared"
        await let_answer()
        now[0] = KEPT_S + 0.1
        assert await find_while_silent() == 0
        await let_answer()

    asyncio.run(run())


def test_a_change_is_not_undone_by_a_comparison_that_was_under_way() -> None:
    reads, now, dossiers = make_dossiers()
    code, own = str(DOSSIER["code"]), principal(COMMUNE)

    async def run() -> None:
        await dossiers.find(code, own)
        kept = dossiers.recall_dossier(code)
        assert kept is not None
        now[0] = KEPT_S - 0.1
        reads.answers.clear()
        await dossiers.find(code, own)
        await asyncio.sleep(0)
        dossiers.forget(code)
        reads.answers.set()
        for _ in range(5):
            await asyncio.sleep(0)
        assert not dossiers.is_current(kept), "whoever holds it is told"
        before = reads.statements
        await dossiers.find(code, own)
        assert reads.statements - before == 1, "read again"

    asyncio.run(run())


def test_dossiers_in_use_are_compared_together_and_idle_ones_alone() -> None:
    reads, now, dossiers = make_dossiers()
    codes, own = [f"H49.12-251118-{number:04}" for number in range(MOST_COMPARED + 20)], principal(COMMUNE)

    async def run() -> None:
        for number, code in enumerate(codes):
            now[0] = number / 1_000
            await dossiers.find(code, own)
        now[0] += IN_USE_S - 2
        await dossiers.find(codes[0], own)
        assert {code for some in reads.compared for code in some} == {codes[0], *codes[21:]}, (
            "those that were read last"
        )
        assert {len(some) for some in reads.compared} == {COMPARED_AT_ONCE}, "some at a time, so that others can read"
        before = reads.statements
        await dossiers.find(codes[-1], own)
        assert reads.statements == before, "was compared together with the other one"
        now[0] += IN_USE_S + 1
        await dossiers.find(codes[40], own)
        assert reads.compared[-1] == [codes[40]]
        assert reads.statements == before + 1, "it is kept, and only compared"

    asyncio.run(run())


@pytest.mark.parametrize("code", ["", "x" * 61])
def test_what_is_no_code_is_not_looked_for(code: str) -> None:
    reads: Any = CountedReads()
    with pytest.raises(OperationRefused):
        asyncio.run(DossierReads(reads, load_registry()).find(code, principal(COMMUNE)))
    assert reads.statements == 0
