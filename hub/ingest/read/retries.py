"""Retries: each is told in one line of ours, with the stream, why, and when. stamina's own line has arguments and tracebacks.

Import `stamina` from here, so that the hook is set whichever reader comes first.
"""

import logging

import stamina
from stamina import instrumentation

from hub.errors import HubError

__all__ = ["LOG", "instrumentation", "stamina"]
LOG = logging.getLogger("hub.ingest")
QUIET = ("paramiko", "urllib3", "botocore", "fsspec", "zeep")
"""Libraries that log tracebacks and addresses of what they raise as well, and we tell."""


def tell(details: instrumentation.RetryDetails) -> None:
    """Log one retry. Only the messages of our own errors are told: those of libraries quote addresses and values."""
    error = getattr(details.caused_by, "error", details.caused_by)
    why = error.message if isinstance(error, HubError) else type(error).__name__
    LOG.warning("%s; retry %d in %.1f s", " ".join(why.split()), details.retry_num, details.wait_for)


instrumentation.set_on_retry_hooks((tell,))
for library in QUIET:
    logging.getLogger(library).setLevel(logging.CRITICAL)
