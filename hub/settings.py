"""Settings: environment variables with the prefix HUB_, or a file `.hub/hub.env` that `hub demo` writes.

Every setting is listed in docs/reference/settings.md, which is made from this class.
"""

import difflib
import os
import re
from contextlib import suppress
from fnmatch import fnmatchcase
from importlib.machinery import ModuleSpec
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from dotenv import load_dotenv
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.errors import HubMisconfigured


class Settings(BaseSettings):
    """What an operator can set."""

    model_config = SettingsConfigDict(env_prefix="HUB_", env_ignore_empty=True, frozen=True)

    home: Path = Field(Path(".hub"), description="Folder of the hub's own state: embedded database, demo systems.")
    database_url: SecretStr | None = Field(
        None, description="PostgreSQL 15 or newer, as a postgresql:// URL; the embedded server if it is not given."
    )
    pooled_reads_url: SecretStr | None = Field(
        None,
        description="For `hub serve`: the same database through a pooler that shares connections between transactions (PgBouncer with `pool_mode = transaction`), for a login in the role `hub_reader`. Reads go through it; everything else goes to HUB_DATABASE_URL and the others, which lead to PostgreSQL itself.",
    )
    replica_urls: SecretStr | None = Field(
        None,
        description="For `hub serve`: streaming replicas of the database, up to 10 postgresql:// URLs separated by commas, each for the login of HUB_DATABASE_URL. Rows of answers are read from them; everything that decides, and the ledger, stays on the primary.",
    )
    replica_max_lag_s: float = Field(
        5.0, ge=2, le=600, description="How far a replica may be behind the primary and still be read from, in seconds."
    )
    clerk_url: SecretStr | None = Field(
        None,
        description="For `hub serve`: the same database for a login in the role `hub_clerk`, which writes dossiers, decisions and sessions. HUB_DATABASE_URL is then one in `hub_reader`. HUB_DATABASE_URL if it is not given.",
    )
    ledger_url: SecretStr | None = Field(
        None,
        description="For `hub serve`: the primary of the same database for a login in the role `hub_ledger`, which writes down every read. Connect to the server itself: a pooler that shares connections between transactions loses its lock. HUB_CLERK_URL if it is not given.",
    )
    auditor_url: SecretStr | None = Field(
        None,
        description="For `hub serve`: the same database for a login in the role `hub_auditor`, which reads the ledger for auditors and for citizens who ask who read their data. HUB_DATABASE_URL if it is not given.",
    )
    steward_url: SecretStr | None = Field(
        None,
        description="For `hub serve`: the primary of the same database for a login in the role `hub_steward`, which reads rejected rows with their values, answers them, and queues jobs. HUB_CLERK_URL if it is not given; a login in `hub_clerk` may do none of that, and the pages say so.",
    )
    ledger_signing_key: Path | None = Field(
        None,
        description="File of the Ed25519 key that signs checkpoints of the ledger, readable by its owner alone; made by `hub ledger keys new`. Without it they are not signed.",
    )
    ledger_witness_file: Path | None = Field(
        None,
        description="File that every checkpoint of the ledger is appended to, best on a disk that the database's operator cannot write to.",
    )
    ledger_witness_url: SecretStr | None = Field(
        None, description="Address that every checkpoint of the ledger is posted to, as lines of JSON."
    )
    ledger_timestamp_url: str | None = Field(
        None,
        description="Address of a timestamp service (RFC 3161), which is asked for the time of the newest checkpoint.",
    )
    ledger_timestamp_every_s: float = Field(
        60.0, ge=1, description="Shortest time between two questions to that service, in seconds."
    )
    ledger_keep_days: int = Field(
        3_650, ge=1, description="How long records of the ledger are kept after the end of their month, in days."
    )
    ledger_people_days: int = Field(
        730,
        ge=1,
        description="How long the ledger can tell at least whose data was read, in days after the end of the month; longer if a purpose lets its readers keep the data longer.",
    )
    connectors_path: str = Field(
        "", description="Folders of more connectors, one folder each within them; parted as in PATH."
    )
    purposes: str = Field(
        "",
        description="Folders of more purposes of reading, one folder each within them; separated by ':' like PATH.",
    )
    procedures: str = Field(
        "", description="Folders of more procedures, one folder each within them; separated by ':' like PATH."
    )
    other_variables: str = Field(
        "",
        description="Variables that start with HUB_ and belong to other programs, separated by commas; `*` stands for any text. Every other one that nothing reads is refused.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port for Prometheus (`/metrics`, `/healthz?deep`) of `hub serve` and `hub worker`, each with its own; 0 takes a free one. Without it there are no metrics.",
    )
    metrics_host: str = Field(
        "127.0.0.1",
        description="Address that HUB_METRICS_PORT is on. Whoever reaches it sees how much is read and how old the sources are, but no data.",
    )
    log_format: Literal["text", "json"] = Field(
        "text",
        description="How `hub serve` and `hub worker` write their log: lines for people, or one JSON object a line.",
    )
    request_log: bool = Field(
        False,
        description="Whether each GraphQL request is a line of the log: its outcome, time and size, and the operation if its name is that of a known document.",
    )
    pool_size: int = Field(8, ge=1, le=200, description="Read connections of one process.")
    keep_runs_days: int = Field(
        90, ge=1, description="How long records of runs that changed nothing, and of jobs, are kept, in days."
    )
    correction_days: int = Field(
        5,
        ge=1,
        le=250,
        description="Working days that a source has to act on a correction, if its manifest does not say.",
    )
    keep_corrections_days: int = Field(
        365,
        ge=1,
        description="How long the values of a correction are kept after it was resolved, refused or withdrawn, in days.",
    )
    keep_snapshots_days: int | None = Field(
        None,
        ge=0,
        description="How long the values of snapshots of prefills are kept after their dossier has ended, in days, where that is less than the `retention_days` of the procedure; these if it is not given.",
    )
    keep_quality_days: int = Field(
        400,
        ge=1,
        description="How long snapshots of the quality of data are kept, one for each day: a year can be compared with the one before.",
    )
    receipt_signing_key: Path | None = Field(
        None,
        description="File of the Ed25519 key that signs receipts, readable by its owner alone; made by `hub ledger keys new`. Use another key than for the ledger. Without it receipts are not signed, and say so.",
    )
    webhook_signing_key: Path | None = Field(
        None,
        description="File of the Ed25519 key that signs webhooks, readable by its owner alone; made by `hub ledger keys new`. Use another key than for the ledger. Needed by `hub webhooks` and `hub worker` if a receiver is registered.",
    )
    webhook_networks: str = Field(
        "",
        description="Private networks that webhooks may be sent to, separated by commas, e.g. `10.20.0.0/16`. Without it, only public addresses, and http on this machine.",
    )
    webhook_timeout_s: float = Field(
        10.0, gt=0, le=60, description="Longest time that a receiver of webhooks may take to answer, in seconds."
    )
    webhook_every_s: float = Field(
        5.0, ge=0.1, le=600, description="Time between two looks of `hub worker` for events to deliver, in seconds."
    )
    holidays: str = Field(
        "",
        description="Days that are no working days beside Saturdays and Sundays, separated by commas: `2026-01-01, 2026-02-16/2026-02-20`. Deadlines of corrections leave them out.",
    )
    statement_timeout_s: float = Field(10.0, gt=0, description="Longest time one read may take, in seconds.")
    max_body_bytes: int = Field(200_000, ge=1_000, description="Largest request body, in bytes.")
    max_result_bytes: int = Field(10_000_000, ge=1_000, description="Longest result of one read, in bytes of JSON.")
    max_document_chars: int = Field(50_000, ge=100, description="Longest document, in characters.")
    max_tokens: int = Field(4_000, ge=10, description="Most tokens of a document.")
    max_depth: int = Field(15, ge=1, description="Deepest nesting of fields in an operation, fragments expanded.")
    max_fields: int = Field(2_000, ge=1, description="Most fields of an operation, fragments expanded.")
    max_breadth: int = Field(500, ge=1, description="Most fields selected on one object, fragments expanded.")
    max_aliases: int = Field(100, ge=0, description="Most aliases of an operation, fragments expanded.")
    max_directives: int = Field(100, ge=0, description="Most directives of an operation, fragments expanded.")
    max_rows: int = Field(
        100_000, ge=1, description="Most rows of an operation, estimated: page sizes multiplied down the tree."
    )
    max_filter_links: int = Field(3, ge=0, description="Most links that one filter may follow.")
    max_filter_terms: int = Field(
        200,
        ge=1,
        description="Most conditions of all filters of an operation: PostgreSQL plans each, and tests each on every row.",
    )
    validation_budget_s: float = Field(
        0.5, gt=0, description="Most processor time for parsing and validating a new document, in seconds."
    )
    lookup_timeout_s: float = Field(
        4.0,
        ge=0,
        le=60,
        description="Longest time that a procedure waits for a source to be asked for newer data, in seconds; 0 turns that off.",
    )
    lookup_absent_s: float = Field(
        60.0,
        ge=0,
        le=3_600,
        description="How long a source is not asked again for a row that it lacked or answered badly, in seconds.",
    )
    max_connections: int = Field(
        2_000,
        ge=1,
        description="Connections of clients open at once in one process. If one more comes, the one that has been idle for longest is closed. Fewer if the limit of open files (`ulimit -n`) does not allow as many.",
    )
    max_subscriptions: int = Field(1_000, ge=0, description="Subscriptions open at once in one process.")
    max_subscriptions_each: int = Field(20, ge=1, description="Operations running at once on one WebSocket.")
    link_backend: Literal["duckdb", "spark"] = Field(
        "duckdb",
        description="Engine of probabilistic linking: in this process, or Spark (the extra `spark`, and Java).",
    )
    link_spark_master: str | None = Field(
        None,
        description="Master of the Spark cluster that links, e.g. `spark://10.0.0.31:7077`. Without it Spark runs in the hub's own machine.",
    )
    link_folder: Path | None = Field(
        None,
        description="Folder for temporary files of linking; without it the system's (`TMPDIR`). With a Spark cluster, one that all of its machines see under this path.",
    )
    link_memory_mb: int = Field(
        2_000,
        ge=256,
        description="Most memory of that engine, in MB; above it DuckDB spills to the disk. On a Spark cluster, of each executor.",
    )
    link_threads: int = Field(
        2, ge=1, description="Threads of that engine; on a Spark cluster, cores that linking takes of it in all."
    )
    link_sample_monthly: int = Field(
        200, ge=0, le=10_000, description="Links drawn each month for blind review (`hub review sample`); 0 draws none."
    )
    link_band_target: float = Field(
        0.999,
        ge=0.5,
        lt=1,
        description="Precision that each band of the model's links must have; below it, the band goes to review.",
    )
    link_target: float = Field(
        0.9997,
        ge=0.5,
        lt=1,
        description="Precision that all accepted links together must have, for `hub link quality` and `hub doctor`.",
    )
    documents: Path | None = Field(
        None, description="Folder of trusted documents: `*.graphql`, or `*.json` maps from id to text."
    )
    trusted_only: bool = Field(False, description="Whether only documents of that folder are run.")
    introspection: bool = Field(True, description="Whether the schema may be asked for; GraphiQL needs it.")
    plan_cache: int = Field(1_000, ge=0, description="Plans kept, one for each document and shape of variables.")
    plan_cache_mb: int = Field(64, ge=1, description="Most memory of kept documents and plans, in MB.")
    explain: bool = Field(
        False,
        description="Whether anyone may ask for the plan and the SQL in `extensions`; operators always may. On in `hub demo`.",
    )
    access: Literal["on", "off"] = Field(
        "on",
        description="Whether callers must authenticate. `off` is possible on a loopback HUB_HOST only, and `hub serve` warns.",
    )
    explorers: Literal["off", "masked"] = Field(
        "off",
        description="Whether explorers see masked values of real data, under the purpose `explore`. On in `hub demo`.",
    )
    reads_per_minute: str = Field(
        "officer=240,reviewer=240,operator=240,app=6000,explorer=240",
        description="Requests of one person or app in a minute, by kind of caller; `off` for no limit. Of several roles the highest counts.",
    )
    subjects_per_hour: str = Field(
        "officer=300,reviewer=2000,operator=2000,app=20000,explorer=20000",
        description="Different people whose data one person or app may read in an hour, at most 100,000; above it reading is paused until the hour is over.",
    )
    refusals_per_hour: str = Field(
        "officer=60,reviewer=60,operator=120,app=600,explorer=600",
        description="Refused reads of one person or app in an hour; above it reading is paused.",
    )
    misses_per_hour: str = Field(
        "officer=30,reviewer=30,operator=30,app=300,explorer=off",
        description="Look-ups of people (purpose `identify`) in an hour that may find nobody; above it reading is paused.",
    )
    pushed_dossiers_only: bool = Field(
        False,
        description="Whether nobody opens, extends or ends dossiers here for offices whose one-stop system sends them (`hub senders`).",
    )
    emergency_minutes: int = Field(
        30,
        ge=5,
        le=240,
        description="How long emergency access lasts after a second officer has confirmed it, in minutes.",
    )
    public_url: str | None = Field(
        None,
        description="Address that people open, e.g. `https://hub.example.gov.vn`; needed for sign-in unless HUB_HOST is loopback.",
    )
    oidc_issuer: str | None = Field(
        None, description="Issuer of access tokens, exactly as in `iss`, e.g. `https://id.example.gov.vn/realms/hub`."
    )
    oidc_audience: str | None = Field(
        None,
        description="What `aud` of an access token must name, e.g. `cross-sector-hub`; needed with HUB_OIDC_ISSUER.",
    )
    oidc_algorithms: str = Field(
        "RS256", description="Signature algorithms accepted, by comma: RS256, PS256, ES256, EdDSA, Ed25519."
    )
    oidc_roles_claim: str = Field(
        "roles",
        description="Claim with a person's roles: a path such as `realm_access.roles`, or a JSON pointer such as `/a.b/roles`.",
    )
    oidc_role_names: str = Field(
        "",
        description="The provider's names of roles where they differ, e.g. `officer=land-officer,auditor=inspector`.",
    )
    oidc_offices_claim: str = Field(
        "offices", description="Claim with codes of the administrative units that someone works for, e.g. `26737`."
    )
    oidc_client_kind_claim: str = Field(
        "client_kind", description="Claim that says `app` or `explorer`; without it, a token is a person's."
    )
    oidc_personal_ids_claim: str = Field(
        "personal_ids",
        description="Claim with the personal identifiers of the citizen whom a portal has signed in, for the purpose `portal`.",
    )
    oidc_explorer_clients: str = Field(
        "", description="Client ids, by comma, whose own tokens (`sub` equals `client_id`) are explorers, not apps."
    )
    oidc_client_id: str | None = Field(
        None, description="Client id of the hub's pages at the provider; without it nobody signs in to pages."
    )
    oidc_client_secret: SecretStr | None = Field(
        None, description="Secret of that client; none for a public client, which PKCE protects."
    )
    oidc_scopes: str = Field("openid profile", description="Scopes that sign-in asks for, separated by spaces.")
    session_idle_s: int = Field(
        1_800, ge=60, le=86_400, description="A browser session ends after this time without a request, in seconds."
    )
    session_longest_s: int = Field(
        28_800, ge=300, le=86_400, description="A browser session ends after this time in any case, in seconds."
    )
    allowed_hosts: str = Field(
        "localhost,127.0.0.1,[::1]",
        description="Names under which the hub answers, by comma, without port; `*` for any. HUB_HOST is always one.",
    )
    allowed_origins: str = Field(
        "", description="Origins, by comma, whose pages may open a WebSocket, beside those of the hub's own."
    )
    cors_origins: str = Field(
        "",
        description="Origins, by comma, whose pages may send GraphQL requests with a token of their own (CORS), e.g. `https://portal.example.gov.vn`. Cookies are never accepted from them.",
    )
    reviewer: str = Field("", description="Who decides in `hub review`, where `--reviewer` does not say so.")
    review_second_share: float = Field(
        0.05, ge=0, le=1, description="Share of decisions on links and merges that are due for a second opinion."
    )


PREFIX = "HUB_"
OWN_VARIABLES = frozenset({"HUB_TRACE", "HUB_TEST_MARIADB_URL", "HUB_TEST_NATS_URL"})
"""Variables that are no settings: tracebacks of unforeseen errors, and servers for `hub connector check`."""
CONNECTORS_GROUP = "hub.connectors"
"""Entry points of this group name packages whose folder is a connector."""
MANIFEST_FILE = "manifest.toml"
MAX_MANIFEST_CHARS = 1_000_000
NEAR_MISS_RATIO = 0.85
"""From this likeness on (difflib), a name is taken for a mistyped one."""
ENV_FILE = Path(".hub/hub.env")


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment and the settings file. Raises HubMisconfigured naming the setting.

    The file also holds what connectors refer to, so its lines join the environment, if they are not set already.
    """
    load_dotenv(ENV_FILE)
    _refuse_mistyped()
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        wrong = "; ".join(f"HUB_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise HubMisconfigured(f"settings: {wrong}", next_step="correct the variable or .hub/hub.env") from None


def _refuse_mistyped() -> None:
    """Raises HubMisconfigured for a HUB_ variable that nothing reads: what it was meant to set would keep its default."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | OWN_VARIABLES
    strange = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if not strange:
        return
    others = [pattern.strip() for pattern in os.environ.get("HUB_OTHER_VARIABLES", "").split(",")]
    known |= _variables_of_connectors()
    for name in strange:
        if name in known or any(fnmatchcase(name, pattern) for pattern in others):
            continue
        nearest = difflib.get_close_matches(name, known, 1, NEAR_MISS_RATIO)
        raise HubMisconfigured(
            f"there is no setting {name}, and no connector's manifest names it",
            next_step=f"did you mean {nearest[0]}? See docs/reference/settings.md"
            if nearest
            else "unset it, or add it to HUB_OTHER_VARIABLES if another program reads it; docs/reference/settings.md lists all settings",
        )


def _variables_of_connectors() -> set[str]:
    """HUB_ variables that the manifests name. Manifests are searched as text: checking them takes seconds of imports."""
    packages = ["connectors", *(point.value for point in entry_points(group=CONNECTORS_GROUP))]
    specs = [spec for package in packages if (spec := _find_package(package)) is not None]
    folders = [Path(place) for spec in specs for place in spec.submodule_search_locations or ()]
    folders += [Path(part) for part in os.environ.get("HUB_CONNECTORS_PATH", "").split(os.pathsep) if part]
    manifests = [path for folder in folders for path in (folder / MANIFEST_FILE, *folder.glob(f"*/{MANIFEST_FILE}"))]
    found: set[str] = set()
    for path in manifests:
        with suppress(OSError), path.open(encoding="utf-8", errors="replace") as text:
            found.update(re.findall(rf"\b{PREFIX}[A-Z0-9_]+", text.read(MAX_MANIFEST_CHARS)))
    return found


def _find_package(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    except (ImportError, ValueError):
        return None


def reference_page() -> str:
    """docs/reference/settings.md: every setting with its default."""
    lines = [
        "# Settings",
        "",
        "Environment variables, or lines of `.hub/hub.env`. Made from `hub/settings.py` by `hub schema export`.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        lines.append(f"| `HUB_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"
