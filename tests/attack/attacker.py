"""The attacker: sends requests with one officer's token, and says what came back."""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import httpx2

from tests.attack.attempts import GOT, IDENTIFY, NAME_BY_KEY, NONE, Attempt, Knowledge


@dataclass(frozen=True)
class Outcome:
    """What an attempt gave: GOT, or the code of the refusal. `answer` is the body, without what differs by request."""

    attempt: Attempt
    code: str
    answer: str

    @property
    def is_expected(self) -> bool:
        """Whether this is what `docs/explanation/security.md` says."""
        return self.code in self.attempt.answers


@dataclass(frozen=True)
class TimingOracle:
    """Whether two kinds of refusal can be told by their time.

    `auc`: the probability that a refusal of the second kind takes longer than one of the first: 0.5 tells nothing.
    """

    words: str
    first_us: float
    second_us: float
    auc: float
    pairs: int


class Attacker:
    """Holds one token, and nothing else."""

    def __init__(self, url: str, token: str) -> None:
        self.client = httpx2.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=30)

    def close(self) -> None:
        """Close the connection."""
        self.client.close()

    def send(self, query: str, variables: Mapping[str, Any], headers: Mapping[str, str]) -> httpx2.Response:
        """One request."""
        body = {"query": query, "variables": dict(variables)}
        return self.client.post("/graphql", json=body, headers=dict(headers))

    def attempt(self, one: Attempt) -> Outcome:
        """Try one request of the table."""
        answer = self.send(one.query, one.variables, one.headers)
        if answer.headers["content-type"].startswith("text/event-stream"):
            text = answer.text.split("data: ", 1)[1].splitlines()[0]
            return Outcome(one, read_code(httpx2.Response(200, text=text).json()), text)
        return Outcome(one, read_code(answer.json()), answer.text)

    def guess_identifiers(self, near: str, count: int) -> tuple[int, int]:
        """Guess identifiers with the province, sex and year of one that is known. Returns guesses made and people found.

        Stops at the first refusal, e.g. by a limit.
        """
        found = 0
        for number in range(count):
            guess = near[:6] + f"{random.randrange(10**6):06}"
            body = self.send(NAME_BY_KEY, {"id": guess}, {"x-hub-purpose": IDENTIFY}).json()
            if read_code(body) != GOT:
                return number, found
            found += body["data"]["citizen"] is not None
        return count, found

    def compare_times(self, words: str, first: Attempt, second: Attempt, pairs: int) -> TimingOracle:
        """Send two requests that must not be told apart, in turn and in random order, and compare their times."""
        times: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(pairs):
            order = [False, True]
            random.shuffle(order)
            for is_second in order:
                one = second if is_second else first
                started = time.perf_counter()
                self.send(one.query, one.variables, one.headers)
                times[is_second].append((time.perf_counter() - started) * 1e6)
        return TimingOracle(
            words, median(times[False]), median(times[True]), find_auc(times[False], times[True]), pairs
        )


def find_auc(first: Sequence[float], second: Sequence[float]) -> float:
    """The probability that a value of the second is larger than one of the first, ties counted as half."""
    larger = sum((b > a) + 0.5 * (b == a) for a in first for b in second)
    return larger / (len(first) * len(second))


def read_code(body: Any) -> str:
    """GOT, NONE for an empty page, or the code of the first error."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if isinstance(body, dict) and any(
        isinstance(d, dict) and d.get("nodes") == [] for d in (body.get("data") or {}).values()
    ):
        return NONE
    return str(errors[0]["extensions"]["code"]) if errors else GOT


def list_timings(known: Knowledge) -> tuple[tuple[str, Attempt, Attempt], ...]:
    """Pairs of requests that are refused alike, and should take as long as each other."""

    def read(identifier: str, dossier: str) -> Attempt:
        return Attempt("timing", "", NAME_BY_KEY, (), {"id": identifier}, {"x-hub-dossier": dossier})

    return (
        ("no such person, and one outside of the dossier", read(known.absent, known.dossier), read(known.victim, known.dossier)),
        ("an invented dossier, and one of another office", read(known.victim, "H49.12-251118-9999"), read(known.victim, known.foreign_dossier)),
    )  # fmt: skip
