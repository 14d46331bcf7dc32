"""References to secrets: the value of an environment variable or of a file, read when it is used, never written in a manifest."""

import os
from pathlib import Path

from pydantic import Field

from hub.errors import HubMisconfigured
from hub.sdk.parts import ManifestPart


class EnvReference(ManifestPart):
    """A value from the environment."""

    env: str = Field(description="Name of the environment variable.")

    @property
    def shown(self) -> str:
        """What messages may show of it."""
        return self.env

    def value(self, connector: str) -> str:
        """Return the value. Raises HubMisconfigured with the variable's name."""
        found = os.environ.get(self.env)
        if not found:
            raise HubMisconfigured(
                f"connector {connector}: {self.env} is not set",
                next_step=f"set {self.env} in the environment or in .hub/hub.env",
            )
        return found


class FileReference(ManifestPart):
    """A value from a file, as container platforms mount secrets; surrounding white space is removed."""

    file: str = Field(description="Path of a file that contains the value, as container platforms mount secrets.")

    @property
    def shown(self) -> str:
        """What messages may show of it."""
        return self.file

    def value(self, connector: str) -> str:
        """Return the value. Raises HubMisconfigured with the file's name."""
        try:
            found = Path(self.file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            found = ""
        if not found:
            raise HubMisconfigured(
                f"connector {connector}: {self.file} is empty or cannot be read",
                next_step="mount the secret there, readable only by the hub",
            )
        return found


Reference = EnvReference | FileReference
"""Where an address or a secret is stored: never the value itself."""
