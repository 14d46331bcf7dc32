"""The sources of a manifest, by kind: where a sector system is, how the hub proves itself, how gently it is treated."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from hub.sdk.parts import Duration, Part, Reference

ORIGIN = r"^https?://[^/@?#]+$"
RATE = r"^[0-9]+/(s|min|h)$"
QUOTA = r"^[0-9]+/(h|day)$"
WINDOW = r"^((Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$"


class Source(Part):
    """What every kind of source has: how long to wait, how often to try, how much to ask of it."""

    timeout_s: float = Field(30.0, gt=0, description="Longest wait for one answer, in seconds.")
    attempts: int = Field(4, ge=1, le=10, description="Tries of one request, with backoff and jitter between them.")
    rate: str | None = Field(None, pattern=RATE, description='Most requests, as "10/s", shared by all processes.')
    quota: str | None = Field(None, pattern=QUOTA, description='Requests allowed in an hour or day: "5000/day".')
    concurrency: int = Field(4, ge=1, le=100, description="Requests at once, over all processes.")
    maintenance: tuple[Annotated[str, Field(pattern=WINDOW)], ...] = Field(
        (), description='Times at which the source is not to be read: "22:00-02:00", "Sun 00:00-06:00".'
    )
    timezone: str = Field("Asia/Ho_Chi_Minh", description="Time zone of maintenance windows and of times without one.")
    breaker_failures: int = Field(5, ge=1, description="Failures in a row after which the source is left alone.")
    breaker_rest: Duration = Field("5 min", validate_default=True, description="How long it is then left alone.")


class SqlSource(Source):
    """A database, by SQLAlchemy or postgresql:// URL."""

    kind: Literal["sql"] = Field(description="The kind of source.")
    url: Reference = Field(description="PostgreSQL, MariaDB/MySQL, SQLite; SQL Server and Oracle with their drivers.")


class FilesSource(Source):
    """Files in a folder, on an SFTP server or in an object store: one of `folder`, `beside`, `url`."""

    kind: Literal["files"] = Field(description="The kind of source.")
    folder: Reference | None = Field(None, description="A folder of this machine.")
    beside: str | None = Field(None, description="A path from the folder that holds the connector's folder's parent.")
    url: Reference | None = Field(None, description="An fsspec URL: sftp://user@host/path, s3://bucket/path.")
    options: dict[str, Reference] = Field(
        {}, description="Options of the file system: password, key_filename, known_hosts; key, secret, endpoint_url."
    )

    @model_validator(mode="after")
    def _one_place(self) -> "FilesSource":
        if sum(place is not None for place in (self.folder, self.beside, self.url)) != 1:
            raise ValueError("give one of folder, beside, url")
        return self


class OAuth2(Part):
    """OAuth2 client credentials (RFC 6749, 4.4): the token is fetched from `token_path` and renewed when it ends."""

    kind: Literal["oauth2_client_credentials"] = Field(description="How the hub proves itself.")
    token_path: str = Field(description="Path under base_url, or a whole URL.")
    client_id: Reference = Field(description="Who the hub is.")
    client_secret: Reference = Field(description="Its secret.")
    scope: str | None = Field(None, description="Scope that is asked for, where the source wants one.")


class ApiKey(Part):
    """A key in a header."""

    kind: Literal["api_key"] = Field(description="How the hub proves itself.")
    header: str = Field("X-API-Key", description="Name of the header.")
    key: Reference = Field(description="The key.")


class Basic(Part):
    """User and password (RFC 7617)."""

    kind: Literal["basic"] = Field(description="How the hub proves itself.")
    user: Reference = Field(description="Name of the user.")
    password: Reference = Field(description="Its password.")


Auth = Annotated[OAuth2 | ApiKey | Basic, Field(discriminator="kind")]


class RestSource(Source):
    """An HTTP API."""

    kind: Literal["rest"] = Field(description="The kind of source.")
    base_url: Reference = Field(description="Address that every path is beneath.")
    auth: Auth | None = Field(None, description="How the hub proves itself; not at all where it is not given.")
    headers: dict[str, str] = Field({}, description="Headers that are no secret.")
    other_origins: tuple[Annotated[str, Field(pattern=ORIGIN)], ...] = Field(
        (),
        description="Origins beside that of base_url to which next pages may lead; the credentials are sent there, too.",
    )


class XRoad(Part):
    """The X-Road 4.0 message headers: who asks for which service."""

    client: str = Field(description="INSTANCE/CLASS/MEMBER/SUBSYSTEM of the hub.")
    service: str = Field(description="INSTANCE/CLASS/MEMBER/SUBSYSTEM of the provider; the operation is added.")
    version: str | None = Field(None, description="Version of the service.")
    user_id: str | None = Field(None, description="On whose behalf, where the provider wants it.")
    issue: str | None = Field(None, description="Dossier or reason, where the provider wants it.")


class WsSecurity(Part):
    """A user name token in the header of each message (WS-Security UsernameToken Profile 1.1)."""

    kind: Literal["ws_security"] = Field(description="How the hub proves itself.")
    user: Reference = Field(description="Name of the user.")
    password: Reference = Field(description="Its password.")
    password_type: Literal["digest", "text"] = Field(
        "digest", description="Whether the password is sent as a digest, with nonce and time, or as it is."
    )


SoapAuth = Annotated[Basic | WsSecurity, Field(discriminator="kind")]


class SoapSource(Source):
    """A SOAP service described by a WSDL."""

    kind: Literal["soap"] = Field(description="The kind of source.")
    wsdl: Reference | str = Field(description="Address (by reference), or a file in the connector's folder.")
    endpoint: Reference | None = Field(None, description="Address of the service, where the WSDL's own is another.")
    auth: SoapAuth | None = Field(None, description="How the hub proves itself; not at all where it is not given.")
    xroad: XRoad | None = Field(None, description="Headers of X-Road, where the service is behind it.")


class StreamSource(Source):
    """A NATS JetStream."""

    kind: Literal["stream"] = Field(description="The kind of source.")
    url: Reference = Field(description="nats:// or tls:// addresses, by comma.")
    jetstream: str = Field(description="Name of the stream on the server.")
    credentials: Reference | None = Field(None, description="Content of a .creds file.")


class CdcSource(Source):
    """Changes of PostgreSQL tables, by logical decoding through the SQL interface."""

    kind: Literal["cdc"] = Field(description="The kind of source.")
    url: Reference = Field(description="A postgresql:// URL of a role that may replicate.")
    publication: str = Field("hub", description="Publication that the owner made for the tables.")
    max_lag: str = Field(
        "1 GB", pattern="^[0-9]+ (MB|GB)$", description="WAL that a slot may hold back before it is dropped."
    )


class PushSource(Source):
    """A system that sends: signed deliveries (Standard Webhooks) to /push/<connector>/<stream>."""

    kind: Literal["push"] = Field(description="The kind of source.")
    secret: Reference = Field(description="Shared secret of the signature, base64, `whsec_` before it or not.")
    tolerance: Duration = Field("5 min", validate_default=True, description="Oldest delivery that is taken.")
    max_body_bytes: int = Field(1_000_000, ge=1_000, description="Largest delivery that is taken.")
