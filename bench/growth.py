"""Fills tables as after years of use: many users with roles, and many stored events for them."""

from datetime import timedelta

from bench.databases import Database


def fill(database: Database, users: int, events: int, ended: timedelta | None = None) -> None:
    """Add `users` users, each with the default role and its audit lines, and `events` applied events.

    With `ended`, every role ended that long ago, and its expiry has not been recorded.
    """
    database.run(
        """
        insert into users (clerk_id, claimed_email, email, first_name, last_name, clerk_created_at, clerk_updated_at)
        select 'user_' || md5(n::text), n || '@example.org', n || '@example.org', 'Ada', 'Example',
               now() - interval '1 year', now() - interval '1 year'
        from generate_series(1, %s) as n
        """,
        [users],
    )
    database.run(
        """
        insert into user_roles (user_id, role, effective_start_date, effective_end_date, assigned_by, reason)
        select id, 'LEARNER', now() - interval '1 year', now() - %s::interval, 'akako',
               'The default role of a new user.' from users
        """,
        [ended],
    )
    database.run(
        """
        insert into webhook_events (svix_id, type, clerk_user_id, occurred_at, body, svix_timestamp, svix_signature,
                                    verified_by, status, received_at, next_attempt_at, applied_at)
        select 'msg_' || md5((-n)::text), 'user.created', 'user_' || md5((n %% %s)::text), past,
               convert_to(repeat(md5(n::text), 34), 'UTF8'), extract(epoch from past),
               'v1,' || repeat('A', 43) || '=', '0123456789ab', 'applied', past, past, past
        from generate_series(1, %s) as n, lateral (select now() - interval '1 year' + n * interval '5 s') as at (past)
        """,
        [users, events],
    )
    database.run("vacuum analyze")
    database.run("checkpoint")


def delete_pending(database: Database) -> None:
    """Delete pending events of earlier rounds."""
    database.run("delete from webhook_events where status = 'received'")
    database.run("vacuum analyze webhook_events")
