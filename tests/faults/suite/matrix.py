"""All faults, with the number of repetitions and the requirements of each."""

from tests.faults.suite import disk, plain_celery, postgres_faults, process_faults, redis_faults, sender_faults
from tests.faults.suite.boundaries import Boundaries
from tests.faults.suite.clerk_faults import LostWebhooks
from tests.faults.suite.conditions import Condition
from tests.faults.suite.fault import Fault
from tests.faults.suite.plain_celery import PlainCelery
from tests.faults.suite.redis_faults import Outage
from tests.faults.suite.sender_faults import SenderFault

KILLED = (
    Fault("receiver killed", process_faults.kill_receiver, 200, short=2),
    Fault("worker killed", process_faults.kill_worker, 100, short=1, least=20_000, working=True),
    Fault("Redis killed", redis_faults.kill, 50, short=1, working=True),
    Fault("Redis flushed", redis_faults.flush, 50, working=True),
    Fault("Redis unresponsive for 30 s", redis_faults.be_unresponsive, 1),
    Fault("Redis unavailable at start", redis_faults.be_unavailable, 1, note="worker and scheduler started without it"),
    Fault("PostgreSQL killed", postgres_faults.kill, 20, short=1, working=True),
    Fault("sessions ended, 10 a second for 60 s", postgres_faults.end_sessions, 1),
    Fault("sessions ended, 10 a second for 5 s", postgres_faults.end_sessions_shortly, 1),
    Fault("connections exhausted for 10 s", postgres_faults.take_all_connections, 3),
    Fault("PostgreSQL stopped for 5 s", postgres_faults.suspend, 3),
    Fault(
        "receivers rolled",
        process_faults.roll_receivers,
        50,
        short=1,
        spotless=True,
        settings={"WEB_PROCESSES": "2"},
        note="SIGHUP: a successor answers, then SIGTERM",
    ),
    Fault("Redis flushed, two workers and schedulers", redis_faults.flush, 20, working=True, second=("worker", "beat")),
)
BOUND = (
    Fault("bound: receiver killed", process_faults.kill_receiver, 5, alone=True),
    Fault("bound: worker killed", process_faults.kill_worker, 5, alone=True),
    Fault("bound: one worker child killed", process_faults.kill_child, 5, alone=True),
    Fault("bound: worker stalled", process_faults.stall_worker, 5, alone=True),
    Fault("bound: one worker child stalled", process_faults.stall_child, 5, alone=True),
    Fault("bound: Redis killed", redis_faults.kill, 5, alone=True),
    Fault("bound: Redis flushed", redis_faults.flush, 5, alone=True),
    Fault("bound: Redis unavailable for a while", redis_faults.be_unavailable, 3, alone=True),
    Fault("bound: PostgreSQL restarted", postgres_faults.restart, 5, alone=True),
    Fault("bound: scheduler killed", process_faults.kill_beat, 5, alone=True),
    Fault("bound: everything killed", process_faults.kill_everything, 5, alone=True),
)
OUTAGES = (
    Fault("outage: Redis unavailable", Outage(redis_faults.stop, redis_faults.start), 1, throughout=True),
    Fault("outage: Redis full", Outage(redis_faults.fill, redis_faults.make_room), 1, short=1, throughout=True),
    Fault("outage: Redis unresponsive", Outage(redis_faults.suspend, redis_faults.resume), 1, throughout=True),
)
HARDER = (
    Fault("PostgreSQL's disk full for 5 s", postgres_faults.fill_the_disk, 3, place=disk.small, working=True),
    SenderFault("the same delivery on 32 connections", sender_faults.repeat, 1_000, short=300),
    SenderFault("malformed requests", sender_faults.send_malformed, 100_000, short=3_000),
    SenderFault("slow connections", sender_faults.send_slowly, 1_000),
    SenderFault("slots: half a request head on every connection", sender_faults.take_every_slot, 4_300),
    SenderFault("clocks at the edges of the tolerance", sender_faults.skew_clocks, 20, short=2),
)
PLAIN = (
    PlainCelery("plain Celery: worker killed", plain_celery.kill_worker, 20),
    PlainCelery("plain Celery: Redis killed", plain_celery.kill_redis, 20),
)
BETWEEN = (
    Boundaries("receiver dies at each message with PostgreSQL", "web", "DATABASE_URL", 40, short=2),
    Boundaries("receiver dies at each message with Redis", "web", "REDIS_URL", 40),
    Boundaries("worker dies at each message with PostgreSQL", "worker", "DATABASE_URL", 80),
    Boundaries("worker dies at each message with Redis", "worker", "REDIS_URL", 80),
)
LOST = (LostWebhooks("webhooks lost, late and repeated", 60, short=6),)
EVERY: tuple[Condition, ...] = (*KILLED, *HARDER, *BETWEEN, *BOUND, *OUTAGES, *LOST, *PLAIN)
