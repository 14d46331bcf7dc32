"""The status of a request whose caller was not admitted: 403 is for a refusal, 503 if the database did not say whether there is one."""

import pytest

from hub.errors import HubError, OperationRefused
from hub.graph.execution.reads import ALL_BUSY, DATABASE_GONE, OTHER_REVISION, TIMED_OUT, TOO_SLOW
from hub.web.graphql_http.negotiate import caller_refusal


@pytest.mark.parametrize("error", [ALL_BUSY, TIMED_OUT, TOO_SLOW, DATABASE_GONE, OTHER_REVISION])
def test_a_database_that_does_not_answer_forbids_nothing(error: HubError) -> None:
    assert caller_refusal(error).status == 503


def test_a_refusal_is_forbidden() -> None:
    assert caller_refusal(OperationRefused("no", code="PURPOSE_FORBIDDEN")).status == 403
