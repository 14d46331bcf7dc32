"""The subscriber of docs/how-to/write-a-client.md prints a change that really happens."""

import queue
import subprocess
import sys
import threading

from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.web.app import create_app
from tests.doc_blocks import ROOT, blocks_of
from tests.serving import served, settled
from tests.system.trial import Trial, person

PAGE = ROOT / "docs" / "how-to" / "write-a-client.md"


def test_the_subscriber_prints_a_change(trial: Trial, database_url: str) -> None:
    (block,) = [block for block in blocks_of(PAGE) if "text/event-stream" in block.text]
    trial.write(person(1))
    trial.sync()
    with served(create_app(load_settings(), Logins.one(database_url))) as url:
        program = block.text.replace("http://127.0.0.1:8000", url)
        assert program != block.text
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        lines: queue.Queue[str] = queue.Queue()
        assert process.stdout is not None
        reader = threading.Thread(target=lambda: [lines.put(line) for line in process.stdout or ()], daemon=True)
        reader.start()
        try:
            settled(url)
            trial.write(person(1, "Lê Văn Bình"))
            trial.sync()
            assert "'fullName': 'Lê Văn Bình'" in lines.get(timeout=60)
        finally:
            process.terminate()
            process.wait(20)
            reader.join(20)
            process.stdout.close()
