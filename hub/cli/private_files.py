"""Files with data of people: made new, and only for whoever runs the command."""

import os
from pathlib import Path
from typing import IO

from hub.errors import OperationRefused


def create_private_file(path: Path) -> IO[bytes]:
    """A new file that only its owner may read. Raises OperationRefused if it is there already, or cannot be made."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise OperationRefused(
            f"{path} cannot be written: {error.strerror}", next_step="name a new file in a folder that you may write to"
        ) from None
    return os.fdopen(descriptor, "wb")
