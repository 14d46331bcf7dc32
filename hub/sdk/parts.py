"""What manifests are made of: the strict base, references to secrets, durations, labels."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from hub.errors import HubMisconfigured

DURATION = r"^[0-9]+ (ms|s|min|h|day|days)$"
UNITS = {"ms": 0.001, "s": 1, "min": 60, "h": 3_600, "day": 86_400, "days": 86_400}


class Part(BaseModel):
    """Base of every part: unknown keys are errors, values do not change."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Env(Part):
    """A value that the environment holds."""

    env: str = Field(description="Name of the environment variable.")

    @property
    def shown(self) -> str:
        """What a message may say of it."""
        return self.env

    def value(self, connector: str) -> str:
        """The value. Raises HubMisconfigured naming the variable."""
        found = os.environ.get(self.env)
        if not found:
            raise HubMisconfigured(
                f"connector {connector}: {self.env} is not set",
                next_step=f"set {self.env}, in the environment or .hub/hub.env",
            )
        return found


class SecretFile(Part):
    """A value that a file holds, as container platforms mount secrets; white space around it is not part of it."""

    file: str = Field(description="Path of a file, as container platforms mount secrets.")

    @property
    def shown(self) -> str:
        """What a message may say of it."""
        return self.file

    def value(self, connector: str) -> str:
        """The value. Raises HubMisconfigured naming the file."""
        try:
            found = Path(self.file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            found = ""
        if not found:
            raise HubMisconfigured(
                f"connector {connector}: {self.file} cannot be read or is empty",
                next_step="mount the secret there, readable by the hub alone",
            )
        return found


Reference = Env | SecretFile
"""Where an address or a secret is: never the value itself."""


class Bilingual(Part):
    """A label in the two languages of the user interface."""

    vi: str = Field(description="In Vietnamese.")
    en: str = Field(description="In English.")


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not re.match(DURATION, value):
        raise ValueError('write a duration as a number and ms, s, min, h or days: "15 min"')
    number, unit = value.split(" ")
    return timedelta(seconds=int(number) * UNITS[unit])


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(lambda value: f"{int(value.total_seconds() * 1000)} ms"),
    WithJsonSchema({"type": "string", "pattern": DURATION, "examples": ["15 min"]}),
]
"""A length of time, written as `15 min`."""
