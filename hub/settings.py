"""Settings: environment variables with the prefix HUB_, or a file `.hub/hub.env` that `hub demo` writes.

Every setting is listed in docs/settings.md, which is made from this class.
"""

from pathlib import Path

from dotenv import load_dotenv
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.errors import HubMisconfigured


class Settings(BaseSettings):
    """What an operator can set."""

    model_config = SettingsConfigDict(env_prefix="HUB_", frozen=True)

    home: Path = Field(Path(".hub"), description="Folder of the hub's own state: embedded database, demo systems.")
    database_url: SecretStr | None = Field(
        None, description="PostgreSQL 15 or newer, as a postgresql:// URL; the embedded server where it is not given."
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    pool_size: int = Field(8, ge=1, le=200, description="Read connections of one process.")
    statement_timeout_s: float = Field(10.0, gt=0, description="Longest time one read may take, in seconds.")
    max_body_bytes: int = Field(200_000, ge=1_000, description="Largest request body, in bytes.")
    max_depth: int = Field(15, ge=1, description="Deepest nesting of fields in an operation.")
    max_fields: int = Field(2_000, ge=1, description="Most fields of an operation, fragments expanded.")
    plan_cache: int = Field(1_000, ge=0, description="Plans kept, one for each document and shape of variables.")
    explain: bool = Field(
        False, description="Whether a request may ask for its SQL in `extensions`; on in `hub demo`, off elsewhere."
    )


ENV_FILE = Path(".hub/hub.env")


def load(**overrides: object) -> Settings:
    """Settings from the environment and the settings file. Raises HubMisconfigured naming the setting.

    The file also holds what connectors refer to, so its lines join the environment, where they are not set already.
    """
    load_dotenv(ENV_FILE)
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        wrong = "; ".join(f"HUB_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise HubMisconfigured(f"settings: {wrong}", next_step="correct the variable or .hub/hub.env") from None


def reference_page() -> str:
    """docs/settings.md: every setting with its default."""
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
