"""CPU time and memory of a command are its own."""

import sys

import pytest

from bench import commands


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-S", "-c", program)


@pytest.mark.processes
def test_cpu_time_and_memory_are_those_of_the_command() -> None:
    ballast = bytearray(300_000_000)
    program = "import time\nx = bytearray(50_000_000)\nwhile time.process_time() < 0.5: pass\nprint('done')"
    ended = commands.run(python(program), {})
    assert ended.printed == "done\n"
    assert 0.5 <= ended.cpu_seconds < 1
    assert 50 <= ended.largest_mb < len(ballast) / 1e6


@pytest.mark.processes
def test_a_command_that_fails_is_an_error_with_what_it_printed() -> None:
    with pytest.raises(RuntimeError, match="ended with 3:\nno users"):
        commands.run(python("print('no users'); raise SystemExit(3)"), {})
