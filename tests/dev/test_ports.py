"""Free ports: not given out twice, not taken by another process meanwhile."""

import socket
import subprocess
import sys

import pytest

from dev import ports

NEXT = "from dev.ports import free_port; print(free_port(), flush=True); input()"


def test_a_port_is_not_given_out_again_soon() -> None:
    given = [ports.free_port() for _ in range(ports.BLOCK - 1)]
    assert len(set(given)) == len(given)


@pytest.mark.processes
def test_processes_that_run_at_once_get_ports_of_different_blocks() -> None:
    other = subprocess.Popen([sys.executable, "-c", NEXT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout
    theirs = int(other.stdout.readline())
    own = {ports.free_port() for _ in range(ports.BLOCK)}
    other.communicate("\n")
    assert theirs not in own


def test_a_port_on_which_something_listens_is_not_given_out() -> None:
    taken = ports.free_port()
    with socket.create_server(("127.0.0.1", taken)):
        assert taken not in {ports.free_port() for _ in range(ports.BLOCK)}


def test_the_kernel_does_not_choose_a_port_of_ours() -> None:
    first = int(ports.KERNELS_RANGE.read_text().split()[0])
    assert ports.free_port() < first


def test_where_no_block_can_be_reserved_the_kernel_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_own_block", lambda: iter(()))
    with socket.create_server(("127.0.0.1", ports.free_port())):
        pass
