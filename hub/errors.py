"""The errors of the hub, named by who acts on them.

    HubError
    ├── SourceUnavailable   the source is away or refuses: try again, or look at the source      exit 69
    ├── RecordRejected      a row breaks a rule: the owner of the data                           exit 65
    ├── OperationRefused    a request cannot be answered as it stands: the caller                exit 64
    ├── HubMisconfigured    a setting, manifest or declaration does not hold: the operator       exit 78
    ├── StoreUnavailable    the database is away: the operator; reads may be tried again         exit 69
    └── UnforeseenFailure   a fault of the program: whoever maintains it                         exit 70

A message says what and where, `next_step` what to do. Neither ever holds a personal value.
"""

import re
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

INSTALLED_PATH = re.compile(r"[/\\](site-packages|dist-packages|lib[/\\]python3\.[0-9]+)[/\\]|^<")
"""Where code lies that is neither the hub's nor a connector's."""


class HubError(Exception):
    """The hub cannot go on."""

    exit_code = 70
    code = "INTERNAL"

    def __init__(self, message: str | None = None, *, next_step: str | None = None, code: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.next_step = next_step
        self.code = code or type(self).code
        super().__init__(self.message)

    def __str__(self) -> str:
        if not self.next_step:
            return self.message
        end = "" if self.message.endswith((".", "?", "!")) else "."
        return f"{self.message}{end} Next step: {self.next_step}."

    @property
    def extensions(self) -> Mapping[str, Any]:
        """What a program is told: `extensions` of a GraphQL error."""
        return {"code": self.code}


class SourceUnavailable(HubError):
    """The source cannot be read."""

    exit_code = 69
    code = "SOURCE_UNAVAILABLE"


class RecordRejected(HubError):
    """A record breaks a rule."""

    exit_code = 65
    code = "RECORD_REJECTED"


class OperationRefused(HubError):
    """The operation cannot be answered as it stands."""

    exit_code = 64
    code = "BAD_USER_INPUT"
    path: tuple[str, ...] = ()
    """Of a GraphQL operation: the response keys down to the field that is refused, as far as they are known."""


class HubMisconfigured(HubError):
    """The hub is not set up to do this."""

    exit_code = 78
    code = "MISCONFIGURED"


class UnforeseenFailure(HubError):
    """The program met a state that it does not know: a fault of the hub or of a connector's transform.

    `where` says which part was at work. The message has the kind of the error and the line that raised it, never its text, which
    may quote a value.
    """

    def __init__(self, where: str, error: BaseException) -> None:
        self.kind = type(error).__name__
        super().__init__(
            f"{where}: unforeseen failure: {self.kind} at {_find_line(error)}",
            next_step="set HUB_TRACE=1 and run it again to see the trace, then report kind and line",
        )


def _find_line(error: BaseException) -> str:
    """`module.py:12` of the innermost frame of the hub's, or a connector's, own code."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not INSTALLED_PATH.search(frame.filename)]
    last = (own or frames)[-1:]
    return f"{Path(last[0].filename).name}:{last[0].lineno}" if last else "an unknown line"


class StoreUnavailable(HubError):
    """The database does not answer."""

    exit_code = 69
    code = "STORE_UNAVAILABLE"
