"""The error when a read cannot be written down."""

from hub.errors import StoreUnavailable


class LedgerUnavailable(StoreUnavailable):
    """The read cannot be written down, so it is refused."""

    code = "LEDGER_UNAVAILABLE"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, next_step="try again shortly; if it lasts, the operator looks at `hub doctor`")
