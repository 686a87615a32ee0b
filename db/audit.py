"""Who acts and why, told to the database once per transaction; its triggers write the trail."""

import json
from collections.abc import Mapping

from sqlalchemy import Connection


def act_as(
    connection: Connection,
    actor: str,
    *,
    actor_email: str = "",
    reason: str = "",
    cause: str = "",
    causes: Mapping[str, str] | None = None,
) -> None:
    """Name who is behind this transaction's changes, until it ends.

    `cause` is the svix id or request id behind them; `causes` says it by Clerk user id where one transaction has many.
    """
    connection.exec_driver_sql(
        """
        select set_config('akako.actor', %s, true), set_config('akako.actor_email', %s, true),
               set_config('akako.reason', %s, true), set_config('akako.cause', %s, true),
               set_config('akako.causes', %s, true)
        """,
        (actor, actor_email, reason, cause, json.dumps(causes) if causes else ""),
    )
