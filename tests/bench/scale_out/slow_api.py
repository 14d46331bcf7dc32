"""A list API that takes its time, `python -m tests.bench.scale_out.slow_api FOLDER LATENCY_S SOCKET`: /NAME serves NAME.csv of a folder in pages.

Pages are made beforehand, and each is sent LATENCY_S after it was asked for: the server needs no processor while a client waits.
"""

import asyncio
import socket
import sys
from pathlib import Path
from urllib.parse import parse_qs

import orjson
import polars as pl
import uvicorn
from starlette.types import Receive, Scope, Send

PAGE_ROWS = 50


def prepare_pages(folder: Path) -> dict[str, list[bytes]]:
    """Path of a list → its pages."""
    found = {}
    for path in folder.glob("*.csv"):
        slices = list(pl.read_csv(path, infer_schema=False).iter_slices(PAGE_ROWS))
        found[f"/{path.stem}"] = [orjson.dumps({"pages": len(slices), "items": rows.to_dicts()}) for rows in slices]
    return found


class SlowPages:
    """An ASGI application that sends pages late; 404 to everything else."""

    def __init__(self, pages: dict[str, list[bytes]], latency_s: float) -> None:
        self.pages = pages
        self.latency_s = latency_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer page `page` of a list."""
        assert scope["type"] == "http"
        pages = self.pages.get(scope["path"])
        body = b"" if pages is None else pages[int(parse_qs(scope["query_string"])[b"page"][0]) - 1]
        if pages is not None:
            await asyncio.sleep(self.latency_s)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 404 if pages is None else 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve until interrupted."""
    folder, latency_s, number = sys.argv[1:]
    config = uvicorn.Config(SlowPages(prepare_pages(Path(folder)), float(latency_s)), log_level="warning", access_log=False, lifespan="off")  # fmt: skip
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(number))])


if __name__ == "__main__":
    main()
