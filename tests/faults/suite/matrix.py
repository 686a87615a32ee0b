"""The faults, each a value: what breaks, how often, and what else is asked of it."""

from tests.faults.suite import disk, ledger, plain, processes, queue, strangers
from tests.faults.suite.boundaries import Boundaries
from tests.faults.suite.fault import Fault
from tests.faults.suite.plain import Plain
from tests.faults.suite.strangers import Stranger
from tests.faults.suite.trial import Trial

KILLED = (
    Fault("receiver killed", processes.kill_receiver, 200, short=2),
    Fault("worker killed", processes.kill_worker, 100, short=1, least=20_000, working=True),
    Fault("Redis killed", queue.kill, 50, short=1, working=True),
    Fault("Redis flushed", queue.flush, 50, working=True),
    Fault("Redis silent for 30 s", queue.fall_silent, 1),
    Fault("Redis absent", queue.be_absent, 1, note="worker and calendar started without it"),
    Fault("PostgreSQL killed", ledger.kill, 20, short=1, working=True),
    Fault("sessions ended, 10 a second for 60 s", ledger.end_sessions, 1),
    Fault("sessions ended, 10 a second for 5 s", ledger.end_sessions_shortly, 1),
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
    Fault("Redis flushed, two workers and calendars", queue.flush, 20, working=True, second=("worker", "beat")),
)
BOUND = (
    Fault("bound: receiver killed", processes.kill_receiver, 5, alone=True),
    Fault("bound: worker killed", processes.kill_worker, 5, alone=True),
    Fault("bound: one hand killed", processes.kill_hand, 5, alone=True),
    Fault("bound: worker stalled", processes.stall_worker, 5, alone=True),
    Fault("bound: one hand stalled", processes.stall_hand, 5, alone=True),
    Fault("bound: Redis killed", queue.kill, 5, alone=True),
    Fault("bound: Redis flushed", queue.flush, 5, alone=True),
    Fault("bound: Redis away and back", queue.be_absent, 3, alone=True),
    Fault("bound: PostgreSQL restarted", ledger.restart, 5, alone=True),
    Fault("bound: calendar killed", processes.kill_calendar, 5, alone=True),
    Fault("bound: everything killed", processes.kill_everything, 5, alone=True),
)
HARDER = (
    Fault("PostgreSQL's disk full for 5 s", ledger.fill_the_disk, 3, place=disk.small, working=True),
    Stranger("the same delivery on 32 connections", strangers.repeat, 1_000, short=300),
    Stranger("malformed requests", strangers.babble, 100_000, short=3_000),
    Stranger("slow connections", strangers.dawdle, 1_000),
    Stranger("slots: half a head on every connection", strangers.take_every_slot, 4_300),
    Stranger("clocks at the edges of the tolerance", strangers.differ, 20, short=2),
)
PLAIN = (
    Plain("plain Celery: worker killed", plain.kill_worker, 20),
    Plain("plain Celery: Redis killed", plain.kill_redis, 20),
)
BETWEEN = (
    Boundaries("receiver dies at each message with PostgreSQL", "web", "DATABASE_URL", 40, short=2),
    Boundaries("receiver dies at each message with Redis", "web", "REDIS_URL", 40),
    Boundaries("worker dies at each message with PostgreSQL", "worker", "DATABASE_URL", 80),
    Boundaries("worker dies at each message with Redis", "worker", "REDIS_URL", 80),
)
EVERY: tuple[Trial, ...] = (*KILLED, *HARDER, *BETWEEN, *BOUND, *PLAIN)
