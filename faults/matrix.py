"""The faults, each a value: what breaks, how often, and what else is asked of it."""

from faults import ledger, processes, queue
from faults.boundaries import Boundaries
from faults.fault import Fault
from faults.trial import Trial

KILLED = (
    Fault("receiver killed", processes.kill_receiver, 200, short=3),
    Fault("worker killed", processes.kill_worker, 100, short=2, least=20_000),
    Fault("Redis killed", queue.kill, 50, short=2),
    Fault("Redis flushed", queue.flush, 50, short=3),
    Fault("Redis silent for 30 s", queue.fall_silent, 1),
    Fault("Redis absent", queue.be_absent, 1, note="worker and calendar started without it"),
    Fault("PostgreSQL killed", ledger.kill, 20, short=2),
    Fault("sessions ended, 10 a second for 60 s", ledger.end_sessions, 1),
    Fault("sessions ended, 10 a second for 5 s", ledger.end_sessions_shortly, 1, short=1),
    Fault("connections exhausted for 10 s", ledger.take_all_connections, 3),
    Fault("PostgreSQL stopped for 5 s", ledger.stand_still, 3),
    Fault(
        "receivers rolled",
        processes.roll_receivers,
        50,
        short=1,
        spotless=True,
        settings={"WEB_PROCESSES": "2"},
        note="SIGHUP: a successor answers, then SIGTERM",
    ),
    Fault("Redis flushed, two workers and calendars", queue.flush, 20, second=("worker", "beat")),
)
BOUND = (
    Fault("bound: receiver killed", processes.kill_receiver, 5, alone=True),
    Fault("bound: worker killed", processes.kill_worker, 5, short=1, alone=True),
    Fault("bound: one hand killed", processes.kill_hand, 5, alone=True),
    Fault("bound: worker stalled", processes.stall_worker, 5, short=1, alone=True),
    Fault("bound: one hand stalled", processes.stall_hand, 5, alone=True),
    Fault("bound: Redis killed", queue.kill, 5, alone=True),
    Fault("bound: Redis flushed", queue.flush, 5, alone=True),
    Fault("bound: Redis away and back", queue.be_absent, 3, alone=True),
    Fault("bound: PostgreSQL restarted", ledger.restart, 5, alone=True),
    Fault("bound: calendar killed", processes.kill_calendar, 5, alone=True),
    Fault("bound: everything killed", processes.kill_everything, 5, alone=True),
)
BETWEEN = (
    Boundaries("receiver dies at each message with PostgreSQL", "web", "DATABASE_URL", 40, short=2),
    Boundaries("receiver dies at each message with Redis", "web", "REDIS_URL", 40),
    Boundaries("worker dies at each message with PostgreSQL", "worker", "DATABASE_URL", 80, short=1),
    Boundaries("worker dies at each message with Redis", "worker", "REDIS_URL", 80),
)
EVERY: tuple[Trial, ...] = (*KILLED, *BETWEEN, *BOUND)
