import json
import os
import subprocess
import sys

from worker import broker

SETTINGS = (
    "import json; from worker.app import app; print(json.dumps({name: app.conf[name] for name in %r}, default=repr))"
)


def started_with(*names: str, **environment: str) -> dict[str, object]:
    """What a worker or calendar would run with, read in a process of its own as Celery starts it."""
    said = subprocess.run(
        [sys.executable, "-c", SETTINGS % (names,)],
        env={
            **os.environ,
            "DATABASE_URL": "postgresql://akako@127.0.0.1:1/akako",
            "REDIS_URL": "redis://127.0.0.1:1/0",
            **environment,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, object] = json.loads(said.stdout)
    return found


def test_a_worker_keeps_a_message_until_it_is_done_and_takes_one_at_a_time() -> None:
    conf = broker.consumer("redis://127.0.0.1:1/0").conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1


def test_a_worker_waits_for_redis_as_long_as_it_takes_and_a_publisher_does_not() -> None:
    waiting, hasty = (make("redis://127.0.0.1:1/0").conf for make in (broker.consumer, broker.publisher))
    assert waiting.broker_connection_retry_on_startup
    assert waiting.broker_connection_max_retries is None
    assert not hasty.broker_connection_retry
    assert not hasty.task_publish_retry
    assert hasty.broker_transport_options["socket_timeout"] <= 1


def test_a_task_ends_before_its_message_is_given_to_another() -> None:
    conf = broker.consumer("redis://127.0.0.1:1/0").conf
    assert conf.task_soft_time_limit < conf.task_time_limit < conf.broker_transport_options["visibility_timeout"]


def test_only_json_is_spoken_and_no_result_is_kept() -> None:
    for make in (broker.consumer, broker.publisher):
        conf = make("redis://127.0.0.1:1/0").conf
        assert (conf.accept_content, conf.task_serializer) == (["json"], "json")
        assert conf.task_ignore_result


def test_the_calendar_ticks_as_configured_and_its_messages_do_not_pile_up() -> None:
    conf = started_with("beat_schedule", "worker_concurrency", SWEEP_SECONDS="7", WORKER_PROCESSES="3")
    assert conf["worker_concurrency"] == 3
    assert conf["beat_schedule"] == {
        "sweep": {"task": "sweep", "schedule": 7.0, "options": {"queue": "calendar", "expires": 7}},
        "expire_roles": {"task": "expire_roles", "schedule": 60.0, "options": {"queue": "calendar", "expires": 60}},
    }
