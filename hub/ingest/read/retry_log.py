"""The log of retries: one line each, with the stream, the reason and the wait. stamina's own line contains arguments and
tracebacks.

Import `stamina` from here, so that the hook is set whichever reader is loaded first.
"""

import logging

import stamina
from stamina import instrumentation

from hub.errors import HubError

__all__ = ["INGEST_LOG", "instrumentation", "stamina"]
INGEST_LOG = logging.getLogger("hub.ingest")
QUIET_LOGGERS = ("paramiko", "urllib3", "botocore", "fsspec", "zeep")
"""Libraries that log tracebacks and addresses for errors that they also raise and we report."""


def log_retry(details: instrumentation.RetryDetails) -> None:
    """Log one retry. Only messages of our own errors are logged: those of libraries quote addresses and values."""
    error = getattr(details.caused_by, "error", details.caused_by)
    why = error.message if isinstance(error, HubError) else type(error).__name__
    INGEST_LOG.warning("%s; retry %d in %.1f s", " ".join(why.split()), details.retry_num, details.wait_for)


instrumentation.set_on_retry_hooks((log_retry,))
for library in QUIET_LOGGERS:
    logging.getLogger(library).setLevel(logging.CRITICAL)
