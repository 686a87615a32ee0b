"""The roles held now are pushed to Clerk: the switch, and one row per user with what was pushed and when it is due."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    _switch()
    _claims()
    _marking()


def _switch() -> None:
    op.execute("""
        create table claims_switch (
            singleton boolean primary key default true constraint claims_switch_one_row check (singleton),
            is_on boolean not null,
            installation text not null default gen_random_uuid(),
            instance_id text not null,
            database_id text not null,
            reached_at text,
            default_role text not null,
            seeded_after bigint,
            seed_from xid8,
            stopped_because text,
            changed_at timestamptz not null default now()
        )
    """)
    op.execute("""
        create function akako_audit_claims() returns trigger
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        begin
            if akako.akako_said('actor') is null or akako.akako_said('reason') is null then
                raise exception 'claims are not switched on or off without saying who does it, and why'
                    using errcode = 'check_violation', hint = 'Use `akako claims on` or `akako claims off`.';
            end if;
            insert into akako.audit_log (action, actor, reason, before, after)
            values ('claims.switched', akako.akako_actor(), akako.akako_said('reason'),
                    case when tg_op = 'UPDATE' then jsonb_build_object(
                        'on', old.is_on, 'instance_id', old.instance_id, 'database_id', old.database_id) end,
                    jsonb_build_object(
                        'on', new.is_on, 'instance_id', new.instance_id, 'database_id', new.database_id));
            return null;
        end $$
    """)
    op.execute("revoke execute on function akako_audit_claims() from public")
    op.execute("""
        create trigger audit_switch_new after insert on claims_switch for each row
        execute function akako_audit_claims()
    """)
    op.execute("""
        create trigger audit_switch after update of is_on, installation, instance_id, database_id
        on claims_switch for each row execute function akako_audit_claims()
    """)
    for trigger in ("audit_switch_new", "audit_switch"):
        op.execute(f"alter table claims_switch enable always trigger {trigger}")


def _claims() -> None:
    op.execute("""
        create table claims (
            user_id bigint primary key references users,
            priority smallint not null,
            due_at timestamptz,
            not_before timestamptz,
            pushed jsonb,
            pushed_version timestamptz,
            pushed_at timestamptz,
            holder text,
            expires_at timestamptz,
            failures integer not null default 0,
            failing_since timestamptz,
            failed_because text,
            corrections smallint not null default 0,
            takes_over boolean not null default false,
            parked text constraint claims_known_reason check (
                parked in ('another_installation', 'another_writer', 'refused')),
            constraint claims_leased check ((holder is null) = (expires_at is null))
        ) with (fillfactor = 80)
    """)
    op.execute("create index claims_due_idx on claims (priority, due_at) where due_at is not null and parked is null")
    op.execute("create index claims_failing_idx on claims (failing_since) where failing_since is not null")
    op.execute("create index claims_parked_idx on claims (parked) where parked is not null")
    op.execute("create index claims_pushed_idx on claims (pushed_at) where pushed_at is not null")


def _marking() -> None:
    """Mark users whose roles change as due, while claims are on. Otherwise this costs one look at an empty table."""
    op.execute("""
        create function akako_mark_claims(user_ids bigint[], priorities smallint[]) returns void
        language sql security definer set search_path = pg_catalog, pg_temp as $$
            insert into akako.claims as known (user_id, priority, due_at)
            select user_id, min(priority), clock_timestamp()
            from unnest(user_ids, priorities) as changed (user_id, priority)
            group by user_id order by user_id
            on conflict (user_id) do update
            set due_at = greatest(excluded.due_at, known.not_before),
                priority = case when known.due_at <= excluded.due_at or known.not_before is not null
                                then least(known.priority, excluded.priority) else excluded.priority end
        $$
    """)
    op.execute("revoke execute on function akako_mark_claims(bigint[], smallint[]) from public")
    for event, changed in (
        ("insert", "select user_id, role from fresh"),
        (
            # The record of an expiry changes nothing that is held: access ended by the clock.
            "update",
            """
            select fresh.user_id, fresh.role from fresh join was on was.id = fresh.id
            where was.effective_end_date is distinct from fresh.effective_end_date
               or (was.is_active <> fresh.is_active and fresh.effective_end_date > clock_timestamp())
            """,
        ),
    ):
        op.execute(f"""
            create function akako_claims_of_roles_{event}() returns trigger
            language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
            declare ordinary text;
            begin
                select default_role into ordinary from akako.claims_switch where is_on;
                if found then
                    perform akako.akako_mark_claims(array_agg(user_id), array_agg((role = ordinary)::int::smallint))
                    from ({changed}) as changed having count(*) > 0;
                end if;
                return null;
            end $$
        """)  # noqa: S608 - constants only
        op.execute(f"revoke execute on function akako_claims_of_roles_{event}() from public")
        tables = "new table as fresh" if event == "insert" else "old table as was new table as fresh"
        op.execute(f"""
            create trigger claims_{event} after {event} on user_roles referencing {tables}
            for each statement execute function akako_claims_of_roles_{event}()
        """)
    op.execute("""
        create function akako_claims_of_user() returns trigger
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        begin
            if exists (select from akako.claims_switch where is_on) then
                perform akako.akako_mark_claims(array[new.id], array[0::smallint]);
            end if;
            return null;
        end $$
    """)
    op.execute("revoke execute on function akako_claims_of_user() from public")
    op.execute("""
        create trigger claims_barred after update on users for each row
        when (old.banned <> new.banned or old.access_ended <> new.access_ended
              or (old.deleted_at is null) <> (new.deleted_at is null))
        execute function akako_claims_of_user()
    """)


def downgrade() -> None:
    op.execute("drop trigger claims_barred on users")
    for event in ("insert", "update"):
        op.execute(f"drop trigger claims_{event} on user_roles")
        op.execute(f"drop function akako_claims_of_roles_{event}()")
    op.execute("drop function akako_claims_of_user()")
    op.execute("drop function akako_mark_claims(bigint[], smallint[])")
    op.execute("drop table claims, claims_switch")
    op.execute("drop function akako_audit_claims()")
