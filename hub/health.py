"""`python -m hub.health serve | worker`: the health check of a container. Exits with 0 if the process does its work, with 1 and a sentence if not.

It imports nothing but the standard library: it runs every few seconds, and the command line takes a second to start.
"""

import http.client
import os
import sys

TIMEOUT_S = 4.0
SERVE_PORT = "8000"
OWN_ADDRESS = "127.0.0.1"


def main(arguments: list[str]) -> int:
    """Ask the process of this container how it is."""
    if arguments == ["serve"]:
        # By a name that the hub answers under, whatever HUB_ALLOWED_HOSTS says.
        names = [name.strip() for name in os.environ.get("HUB_ALLOWED_HOSTS", "").split(",")]
        host = next((name for name in names if name and name != "*"), "localhost")
        return ask_endpoint(os.environ.get("HUB_PORT", SERVE_PORT), "/readyz", host)
    if arguments == ["worker"]:
        port = os.environ.get("HUB_METRICS_PORT")
        if port is None:
            return end_as_unhealthy("HUB_METRICS_PORT is not set, so nobody can ask the worker; set it, e.g. to 9464")
        return ask_endpoint(port, "/healthz?deep", OWN_ADDRESS)
    return end_as_unhealthy("usage: python -m hub.health serve | worker")


def ask_endpoint(port: str, path: str, host: str) -> int:
    """Send one request to this machine."""
    connection = http.client.HTTPConnection(OWN_ADDRESS, int(port), timeout=TIMEOUT_S)
    try:
        connection.request("GET", path, headers={"Host": host})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return end_as_unhealthy(f"port {port} does not answer: {type(error).__name__}")
    finally:
        connection.close()
    return 0 if status == 200 else end_as_unhealthy(f"{path} answers {status}")


def end_as_unhealthy(words: str) -> int:
    """Say why, for `docker inspect`."""
    sys.stderr.write(f"{words}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
