"""Configures Celery for Redis: workers that survive its loss, and publishers that fail fast."""

from typing import Any

import kombu
from celery import Celery
from celery.app.amqp import AMQP
from kombu.transport import TRANSPORT_ALIASES

from config.redis_url import RedisAddress

EVENTS = "events"
CALENDAR = "calendar"
CLERK = "clerk"
"""The queue of the process that asks Clerk, so that a Clerk that does not answer delays no event."""
CLAIMS = "claims"
"""The same process's queue for pushing roles to Clerk, which neither waits for long walks nor delays them."""
APPLY_EVENTS = "apply_events"
SWEEP = "sweep"
EXPIRE_ROLES = "expire_roles"
FORGET_BODIES = "forget_bodies"
RECONCILE = "reconcile"
PUSH_ROLES = "push_roles"
TASKS = {APPLY_EVENTS: 1, SWEEP: 0, EXPIRE_ROLES: 0, FORGET_BODIES: 0, RECONCILE: 0, PUSH_ROLES: 0}
"""The number of arguments of each task."""

# Celery on Redis can lose messages and stall. Correctness does not depend on these options, since the sweep enqueues
# again; they only make both rare.
_COMMON: dict[str, Any] = {
    "task_default_queue": EVENTS,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_ignore_result": True,
    "result_backend": None,
    "enable_utc": True,
}
_CONSUMING: dict[str, Any] = {
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    # A full Redis refuses commands: reconnect, which waits until it accepts messages again.
    "broker_channel_error_retry": True,
    "broker_pool_limit": 4,
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_soft_time_limit": 45,
    "task_time_limit": 60,
    "task_track_started": False,
    "worker_prefetch_multiplier": 1,
    "worker_soft_shutdown_timeout": 20,
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    # The subscription remains, since a worker without it stalls more often; its messages are never parsed.
    "worker_enable_remote_control": True,
    "broker_transport_options": {
        # The scheduler's queue before the queue of events, so that its few messages never wait behind a backlog.
        "queue_order_strategy": "sorted",
        "visibility_timeout": 120,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "unacked_mutex_expire": 60,
        "socket_timeout": 5,
        "socket_connect_timeout": 1,
        "socket_keepalive": True,
        "health_check_interval": 10,
    },
}
_PUBLISHING: dict[str, Any] = {
    "broker_connection_retry": False,
    "broker_pool_limit": 1,
    "broker_pool_acquire_timeout": 2,
    "task_publish_retry": False,
    "broker_transport_options": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5, "max_retries": 1},
}


class _Connection(kombu.Connection):
    """Reconnects every second: kombu's backoff grows to 30 s, which would delay recovery."""

    def ensure_connection(self, *given: Any, **named: Any) -> kombu.Connection:  # type: ignore[override]
        """Connect, with retries every second."""
        return super().ensure_connection(*given, **{"interval_start": 1, "interval_step": 0, "interval_max": 1} | named)


# Registered under the URL schemes, so that Celery still shows a connection as a URL.
TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "sync.transport:PersistentTransport"))


class _Broker(AMQP):
    Connection = BrokerConnection = _Connection


def consumer(address: RedisAddress) -> Celery:
    """The Celery application of workers and of the scheduler."""
    return _celery(address, _CONSUMING)


def publisher(address: RedisAddress) -> Celery:
    """A Celery application that only sends, and fails within a few seconds."""
    return _celery(address, _PUBLISHING)


def _celery(address: RedisAddress, options: dict[str, Any]) -> Celery:
    app = Celery("akako", broker=address.url, set_as_current=False, amqp=_Broker)
    transport = {**options["broker_transport_options"], "global_keyprefix": address.prefix}
    app.conf.update({**_COMMON, **options, "broker_transport_options": transport})
    return app
