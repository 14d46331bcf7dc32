"""The sources of a manifest, by kind: where a sector system is, how the hub authenticates, and how gently it is
treated.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from hub.sdk.parts import Duration, ManifestPart
from hub.sdk.secret_references import Reference

ORIGIN_FORM = r"^https?://[^/@?#]+$"
RATE_FORM = r"^[0-9]+/(s|min|h)$"
QUOTA_FORM = r"^[0-9]+/(h|day)$"
WINDOW_FORM = r"^((Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$"


class Source(ManifestPart):
    """What every kind of source has: timeout, retries and request limits."""

    timeout_s: float = Field(30.0, gt=0, description="Longest wait for one answer, in seconds.")
    attempts: int = Field(4, ge=1, le=10, description="Attempts per request, with backoff and jitter between them.")
    rate: str | None = Field(
        None, pattern=RATE_FORM, description='Maximum request rate, e.g. "10/s", shared by all processes.'
    )
    quota: str | None = Field(
        None, pattern=QUOTA_FORM, description='Maximum requests per hour or day, e.g. "5000/day".'
    )
    lookup_rate: str = Field(
        "5/s",
        pattern=RATE_FORM,
        description="How fast the allowance for live look-ups refills, in requests; shared by all workers.",
    )
    lookup_burst: int = Field(
        20, ge=1, le=1_000, description="Most requests for live look-ups at once, after a time without any."
    )
    concurrency: int = Field(4, ge=1, le=100, description="Maximum concurrent requests, across all processes.")
    maintenance: tuple[Annotated[str, Field(pattern=WINDOW_FORM)], ...] = Field(
        (), description='Times when the source must not be read: "22:00-02:00", "Sun 00:00-06:00".'
    )
    timezone: str = Field(
        "Asia/Ho_Chi_Minh", description="Time zone of maintenance windows, and of times without an offset."
    )
    breaker_failures: int = Field(5, ge=1, description="Consecutive failures after which the circuit breaker opens.")
    breaker_rest: Duration = Field(
        "5 min", validate_default=True, description="How long the source is then left alone."
    )


class SqlSource(Source):
    """A database, by SQLAlchemy or postgresql:// URL."""

    kind: Literal["sql"] = Field(description="Kind of source.")
    url: Reference = Field(
        description="Database URL: PostgreSQL, MariaDB/MySQL, SQLite; SQL Server and Oracle with their drivers."
    )


class FilesSource(Source):
    """Files in a folder, on an SFTP server or in an object store: give one of `folder`, `beside`, `url`."""

    kind: Literal["files"] = Field(description="Kind of source.")
    folder: Reference | None = Field(None, description="A local folder.")
    beside: str | None = Field(
        None, description="A path relative to the folder two levels above the connector's own folder."
    )
    url: Reference | None = Field(None, description="An fsspec URL: sftp://user@host/path, s3://bucket/path.")
    options: dict[str, Reference] = Field(
        {}, description="File system options: password, key_filename, known_hosts; key, secret, endpoint_url."
    )

    @model_validator(mode="after")
    def _require_one_location(self) -> "FilesSource":
        if sum(place is not None for place in (self.folder, self.beside, self.url)) != 1:
            raise ValueError("give exactly one of folder, beside, url")
        return self


class OAuth2(ManifestPart):
    """OAuth2 client credentials (RFC 6749, 4.4): the token is fetched from `token_path` and renewed before it expires."""

    kind: Literal["oauth2_client_credentials"] = Field(description="Authentication method.")
    token_path: str = Field(description="Path under base_url, or a complete URL.")
    client_id: Reference = Field(description="Client id of the hub.")
    client_secret: Reference = Field(description="Client secret of the hub.")
    scope: str | None = Field(None, description="Scope to request, if the source requires one.")


class ApiKeyAuth(ManifestPart):
    """A key in a header."""

    kind: Literal["api_key"] = Field(description="Authentication method.")
    header: str = Field("X-API-Key", description="Name of the header.")
    key: Reference = Field(description="The key.")


class Basic(ManifestPart):
    """User and password (RFC 7617)."""

    kind: Literal["basic"] = Field(description="Authentication method.")
    user: Reference = Field(description="User name.")
    password: Reference = Field(description="Password.")


Auth = Annotated[OAuth2 | ApiKeyAuth | Basic, Field(discriminator="kind")]


class RestSource(Source):
    """An HTTP API."""

    kind: Literal["rest"] = Field(description="Kind of source.")
    base_url: Reference = Field(description="Address that all paths are relative to.")
    auth: Auth | None = Field(None, description="How the hub authenticates; not at all if not given.")
    headers: dict[str, str] = Field({}, description="Headers that are not secret.")
    other_origins: tuple[Annotated[str, Field(pattern=ORIGIN_FORM)], ...] = Field(
        (),
        description="Further origins that next pages may point to; the credentials are sent there as well.",
    )


class XRoad(ManifestPart):
    """The X-Road 4.0 message headers: who asks for which service."""

    client: str = Field(description="INSTANCE/CLASS/MEMBER/SUBSYSTEM of the hub.")
    service: str = Field(description="INSTANCE/CLASS/MEMBER/SUBSYSTEM of the provider; the operation is appended.")
    version: str | None = Field(None, description="Version of the service.")
    user_id: str | None = Field(None, description="On whose behalf, where the provider wants it.")
    issue: str | None = Field(None, description="Dossier or reason, if the provider requires it.")


class WsSecurity(ManifestPart):
    """A user name token in the header of each message (WS-Security UsernameToken Profile 1.1)."""

    kind: Literal["ws_security"] = Field(description="Authentication method.")
    user: Reference = Field(description="User name.")
    password: Reference = Field(description="Password.")
    password_type: Literal["digest", "text"] = Field(
        "digest", description="Whether the password is sent as a digest, with nonce and time, or as plain text."
    )


SoapAuth = Annotated[Basic | WsSecurity, Field(discriminator="kind")]


class SoapSource(Source):
    """A SOAP service described by a WSDL."""

    kind: Literal["soap"] = Field(description="Kind of source.")
    wsdl: Reference | str = Field(
        description="Address of the WSDL (by reference), or a file in the connector's folder."
    )
    endpoint: Reference | None = Field(None, description="Address of the service, if the one in the WSDL is wrong.")
    auth: SoapAuth | None = Field(None, description="How the hub authenticates; not at all if not given.")
    xroad: XRoad | None = Field(None, description="X-Road headers, if the service is behind a security server.")


class StreamSource(Source):
    """A NATS JetStream."""

    kind: Literal["stream"] = Field(description="Kind of source.")
    url: Reference = Field(description="nats:// or tls:// addresses, separated by commas.")
    jetstream: str = Field(description="Name of the stream on the server.")
    credentials: Reference | None = Field(None, description="Content of a .creds file.")


class CdcSource(Source):
    """Changes of PostgreSQL tables, through logical decoding over SQL."""

    kind: Literal["cdc"] = Field(description="Kind of source.")
    url: Reference = Field(description="A postgresql:// URL of a role with the replication privilege.")
    publication: str = Field("hub", description="Publication that the owner created for the tables.")
    max_lag: str = Field(
        "1 GB", pattern="^[0-9]+ (MB|GB)$", description="Maximum WAL that a slot may hold back before it is dropped."
    )


class PushSource(Source):
    """A system that pushes signed deliveries (Standard Webhooks) to /push/<connector>/<stream>."""

    kind: Literal["push"] = Field(description="Kind of source.")
    secret: Reference = Field(
        description="Shared secret of the signature, base64, with or without the prefix `whsec_`."
    )
    tolerance: Duration = Field("5 min", validate_default=True, description="Maximum age of a delivery.")
    max_body_bytes: int = Field(1_000_000, ge=1_000, description="Maximum size of a delivery.")
