"""The errors of the hub, named by who acts on them.

    HubError
    ├── SourceUnavailable   the source is away or refuses: try again, or look at the source      exit 69
    ├── RecordRejected      a row breaks a rule: the owner of the data                           exit 65
    ├── OperationRefused    a request cannot be answered as it stands: the caller                exit 64
    ├── HubMisconfigured    a setting, manifest or declaration does not hold: the operator       exit 78
    └── StoreUnavailable    the database is away: the operator; reads may be tried again         exit 69

A message says what and where, `next_step` what to do. Neither ever holds a personal value.
"""


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
        return f"{self.message}. Next step: {self.next_step}." if self.next_step else self.message


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


class HubMisconfigured(HubError):
    """The hub is not set up to do this."""

    exit_code = 78
    code = "MISCONFIGURED"


class StoreUnavailable(HubError):
    """The database does not answer."""

    exit_code = 69
    code = "STORE_UNAVAILABLE"
