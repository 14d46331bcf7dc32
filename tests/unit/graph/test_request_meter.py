"""The meter of requests: what is counted under which name, how many series there can be, and what a request pays for it."""

import logging
from time import perf_counter

import pytest

from hub.graph.execution import request_meter
from hub.graph.execution.request_meter import (
    MAX_OPERATIONS,
    MAX_PURPOSES,
    MAX_SERIES,
    NONE,
    OTHER,
    RequestMeter,
    classify_result,
    list_operation_names,
)

PERSON = "P022199876543"


def test_a_name_that_nobody_declared_is_other() -> None:
    meter = RequestMeter(["Known"], ["identify"])
    for operation, purpose in (("Known", "identify"), (PERSON, PERSON), (None, None)):
        meter.note(None, perf_counter(), operation=operation, purpose=purpose)
    assert set(meter.results) == {
        ("Known", "identify", ("ok", NONE)),
        (OTHER, OTHER, ("ok", NONE)),
        (OTHER, NONE, ("ok", NONE)),
    }
    assert {name: histogram.count for name, histogram in meter.durations.items()} == {"Known": 1, OTHER: 2}


def test_there_are_never_more_series_than_the_limits() -> None:
    names, codes = [f"O{n:04}" for n in range(3 * MAX_OPERATIONS)], [f"p{n:03}" for n in range(3 * MAX_PURPOSES)]
    meter = RequestMeter(names, codes)
    for operation in names:
        for purpose in codes:
            meter.note(None, 0.0, operation=operation, purpose=purpose)
    assert meter.results.total() == len(names) * len(codes)
    assert len(meter.results) <= MAX_SERIES + 1
    assert len(meter.durations) == MAX_OPERATIONS + 1


@pytest.mark.parametrize(
    ("code", "result"),
    [
        (None, ("ok", NONE)),
        ("STORE_UNAVAILABLE", ("failed", "store")),
        ("LEDGER_UNAVAILABLE", ("failed", "ledger")),
        ("INTERNAL", ("failed", "internal")),
        ("RATE_LIMITED", ("refused", "limit")),
        ("TOKEN_EXPIRED", ("refused", "credentials")),
        ("FORBIDDEN_FIELD", ("refused", "permission")),
        ("BAD_USER_INPUT", ("refused", "request")),
        ("SOMETHING_NEW", ("refused", "request")),
    ],
)
def test_codes_have_a_class(code: str | None, result: tuple[str, str]) -> None:
    assert classify_result(code) == result


def test_names_are_those_of_trusted_documents_and_purposes() -> None:
    names = list_operation_names(["query Mine { __typename } query { __typename } fragment F on Query { __typename }"])
    assert {"Mine", "IdentifyByIdentifier"} <= names
    assert "F" not in names


def test_the_log_of_requests_has_no_name_of_the_callers(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "hub.request"):
        RequestMeter(["Known"], []).note(None, perf_counter(), operation="Known")
        assert not caplog.records  # it is off
        RequestMeter(["Known"], [], logs=True).note("FORBIDDEN", perf_counter(), operation=PERSON, size_bytes=7)
    (record,) = caplog.records
    fields = vars(record)["fields"]
    assert (fields["operation"], fields["outcome"], fields["code"], fields["bytes"]) == (OTHER, "refused", "FORBIDDEN", 7)  # fmt: skip
    assert PERSON not in str(vars(record))


def test_each_code_is_in_one_class() -> None:
    classes = (
        request_meter.LIMIT_CODES,
        request_meter.CREDENTIAL_CODES,
        request_meter.PERMISSION_CODES,
        frozenset(request_meter.FAILURES),
    )
    assert sum(map(len, classes)) == len(frozenset().union(*classes))
