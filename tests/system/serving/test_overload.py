"""More large reads than there are connections: small ones go first, nobody waits for ever, and a refusal says when to come again."""

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.web.app import create_app
from tests.conftest import ServedHub
from tests.serving import served
from tests.system.serving.test_slow_clients import LONG, PLAIN

POOL_SIZE = 2
MANY = 64
SMALL = "query ($id: PersonalId!) { citizen(by: { personalId: $id }) { fullName } }"


@pytest.fixture(scope="module")
def narrow_hub(served_hub: ServedHub) -> Iterator[str]:
    """The province behind two connections."""
    app = create_app(load_settings(pool_size=POOL_SIZE), Logins.one(served_hub.database))
    app.parts.executor.admission._wait_within_s = 2.0
    with served(app) as url:
        yield url


def test_large_reads_are_answered_or_told_when_to_come_again_and_small_ones_pass_them(
    narrow_hub: str, served_hub: ServedHub
) -> None:
    accepted = {"accept": "application/json", **PLAIN}

    def ask(query: str, variables: dict[str, str]) -> tuple[httpx2.Response, float]:
        began = time.monotonic()
        body = {"query": query, "variables": variables}
        return httpx2.post(f"{narrow_hub}/graphql", json=body, headers=accepted, timeout=120), time.monotonic() - began

    small: list[tuple[httpx2.Response, float]] = []
    with ThreadPoolExecutor(MANY) as pool:
        large = [pool.submit(ask, LONG, {}) for _ in range(MANY)]
        while not all(one.done() for one in large):
            small.append(ask(SMALL, {"id": served_hub.personal_id}))
    answers = [one.result() for one in large]
    assert {answer.status_code for answer, _ in answers} == {200, 503}
    for answer, _ in answers:
        if answer.status_code == 503:
            assert answer.json()["errors"][0]["extensions"]["code"] == "OVERLOADED"
            assert int(answer.headers["retry-after"]) >= 1
        else:
            assert "errors" not in answer.json()
    assert [answer.json() for answer, _ in small if answer.status_code != 200 or "errors" in answer.json()] == []
    answered = [took for answer, took in answers if answer.status_code == 200]
    assert statistics.median(took for _, took in small) < statistics.median(answered)
    print(f"large: {len(answered)} of {MANY} answered, median {statistics.median(answered):.2f} s; small: {len(small)}, median {statistics.median(t for _, t in small) * 1000:.0f} ms, worst {max(t for _, t in small):.2f} s")  # fmt: skip
