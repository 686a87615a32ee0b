import json
import subprocess
import sys

import pytest

from health.thread import BROKEN

pytestmark = pytest.mark.processes

DIES = """
import time
from config import logs
from health import thread

logs.configure("receiver", form="json")
thread.essential("intake", lambda: 1 // 0).start()
time.sleep(60)
"""


def test_a_thread_that_fails_ends_the_process_loudly() -> None:
    ended = subprocess.run([sys.executable, "-c", DIES], capture_output=True, text=True, timeout=30, check=False)
    (line,) = ended.stdout.splitlines()
    said = json.loads(line)
    assert ended.returncode == BROKEN
    assert (said["event"], said["thread"], said["error"], said["process"]) == (
        "thread.died",
        "intake",
        "ZeroDivisionError",
        "receiver",
    )
