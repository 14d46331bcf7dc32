"""A fast list API, `python -m tests.bench.rest_server PATH SOCKET`: a CSV file in pages of JSON that are made beforehand."""

import socket
import sys
from pathlib import Path
from urllib.parse import parse_qs

import orjson
import polars as pl
import uvicorn
from starlette.types import Receive, Scope, Send

from tests.bench.manifests import API_PATH, PAGE_ROWS


class Pages:
    """An ASGI application that sends bytes it has: what is measured is who reads them."""

    def __init__(self, path: Path) -> None:
        frame = pl.read_csv(path, infer_schema=False)
        slices = list(frame.iter_slices(PAGE_ROWS))
        self.pages = [orjson.dumps({"pages": len(slices), "items": rows.to_dicts()}) for rows in slices]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer page `page` of the list; 404 to everything else."""
        assert scope["type"] == "http"
        found = scope["path"] == API_PATH
        body = self.pages[int(parse_qs(scope["query_string"])[b"page"][0]) - 1] if found else b""
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200 if found else 404, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve until interrupted."""
    path, number = sys.argv[1:]
    config = uvicorn.Config(Pages(Path(path)), log_level="warning", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(number))])


if __name__ == "__main__":
    main()
