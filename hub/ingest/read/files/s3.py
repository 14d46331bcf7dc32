"""Files in an object store that speaks S3."""

from typing import Any

import fsspec
from botocore.exceptions import BotoCoreError, ClientError

from hub.ingest.read.files.remote import RemoteLocation


class S3Location(RemoteLocation):
    """A prefix of a bucket."""

    failures = (BotoCoreError, ClientError)

    def open_system(self) -> Any:
        """Return fsspec's file system; it connects when it is used."""
        seconds = self.source.timeout_s
        config = {"connect_timeout": seconds, "read_timeout": seconds, "retries": {"max_attempts": 1}}
        return fsspec.filesystem(
            "s3", **self.options, config_kwargs=config, use_listings_cache=False, skip_instance_cache=True
        )
