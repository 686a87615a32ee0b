"""A child forked while our threads run can do what they did, in real processes."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

# What a thread does for a second holds an import's lock; a child that inherited it would hang when it does the same.
SLOW = "import time; open('begun', 'w').close(); time.sleep(1)"
FORKS = """
import os, signal, socket, sys, threading, time
{work}
while not os.path.exists("begun"):
    time.sleep(0.01)
began = time.monotonic()
child = os.fork()
if child:
    print(f"{{time.monotonic() - began:.1f}}", os.waitpid(child, 0)[1], file=sys.stderr)
    os._exit(0)
signal.alarm(10)
import slowly
socket.getaddrinfo("localhost", 80)
with forking.without_forks():
    forking.start(lambda: os._exit(0))
    time.sleep(60)
"""
HELD_OFF = """
from health import forking
def work():
    with forking.without_forks():
        import slowly
threading.Thread(target=work, daemon=True).start()
"""
ANSWER = """
from health import forking
from health.single_flight import SingleFlight
threading.Thread(target=SingleFlight(lambda: __import__("slowly"), fresh=1, patience=0.1).get, daemon=True).start()
"""
NESTED = """
from health import forking
from health.single_flight import SingleFlight
def work():
    with forking.without_forks():
        open("begun", "w").close()
        time.sleep(0.5)
        SingleFlight(lambda: __import__("slowly"), fresh=1, patience=60).get()
threading.Thread(target=work, daemon=True).start()
"""
LOOK = """
from health import forking
from health.heartbeat import Heartbeat
from health.progress import Progress
from health.watchdog import Watchdog
heart = Heartbeat("postgresql://akako@127.0.0.1:1/akako", "beat")
Watchdog("beat", Progress(), heart, lambda: bool(__import__("slowly")), every=0.01).start()
"""
SCRAPE = """
import http.client
from config.settings import MetricsSettings
from health import metrics_dir, exposition, forking
from dev import ports
class Slowly:
    def collect(self):
        import slowly
        return []
port = ports.free_port()
nowhere = "postgresql://akako@127.0.0.1:1/akako"
exposition.start(MetricsSettings(metrics_port=port, database_url=nowhere), metrics_dir.DIRECTORY, Slowly())
def scrape():
    while not os.path.exists("begun"):
        try:
            asking = http.client.HTTPConnection("127.0.0.1", port)
            asking.request("GET", "/metrics")
            asking.getresponse()
        except OSError:
            time.sleep(0.01)
threading.Thread(target=scrape, daemon=True).start()
"""


WORKS = {"work": HELD_OFF, "answer": ANSWER, "nested": NESTED, "look": LOOK, "scrape": SCRAPE}


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_a_child_inherits_no_lock_from_a_thread_of_ours(work: str, tmp_path: Path) -> None:
    (tmp_path / "slowly.py").write_text(SLOW)
    root = str(Path(__file__).parents[2])
    ended = subprocess.run(
        [sys.executable, "-c", FORKS.format(work=f"sys.path[:0] = ['.', {root!r}]\n{work}")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    waited, status = ended.stderr.splitlines()[-1].split()
    assert status == "0"
    assert 0.5 < float(waited) < 5
