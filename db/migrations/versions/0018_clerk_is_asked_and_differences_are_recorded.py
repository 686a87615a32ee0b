"""The pinned Clerk instance, the progress of reconciling, and the differences that it finds."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    _pin()
    _walks()
    _reconciling()
    _drift()
    op.execute("alter table heartbeats drop constraint heartbeats_known_part")
    op.execute("""
        alter table heartbeats add constraint heartbeats_known_part check (part in ('worker', 'beat', 'clerk'))
    """)


def _pin() -> None:
    op.execute("""
        create table clerk_instance (
            singleton boolean primary key default true constraint clerk_instance_one_row check (singleton),
            instance_id text not null,
            environment text
        )
    """)
    op.execute("""
        create function akako_audit_pin() returns trigger
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        begin
            if akako.akako_said('actor') is null or (tg_op = 'UPDATE' and akako.akako_said('reason') is null) then
                raise exception 'the instance is not pinned without saying who does it, and why'
                    using errcode = 'check_violation', hint = 'Use `akako instance pin` or `akako instance repin`.';
            end if;
            insert into akako.audit_log (action, actor, reason, before, after)
            values ('instance.pinned', akako.akako_actor(), akako.akako_said('reason'),
                    case when tg_op = 'UPDATE' then jsonb_build_object('instance_id', old.instance_id) end,
                    jsonb_build_object('instance_id', new.instance_id));
            return null;
        end $$
    """)
    op.execute("revoke execute on function akako_audit_pin() from public")
    op.execute("""
        create trigger audit_pin after insert or update on clerk_instance for each row
        execute function akako_audit_pin()
    """)
    op.execute("alter table clerk_instance enable always trigger audit_pin")
    # An installation that imported users belongs to the instance that it imported them from.
    op.execute("select set_config('akako.actor', 'akako', true)")
    op.execute("insert into clerk_instance (instance_id) select instance_id from walks order by id desc limit 1")
    op.execute("select set_config('akako.actor', '', true)")


def _walks() -> None:
    op.execute("alter table walks drop constraint walks_known_kind")
    op.execute("alter table walks add constraint walks_known_kind check (kind in ('backfill', 'reconcile'))")
    op.execute("alter table walks add column urgent boolean not null default false")
    op.execute("alter table walks add column found bytea")
    op.execute("alter table walks alter column found set storage external")
    op.execute("alter table walks add column absent bigint not null default 0")
    op.execute("alter table leases drop constraint leases_known_name")
    op.execute("""
        alter table leases add constraint leases_known_name
        check (name in ('direct_apply', 'backfill', 'reconcile'))
    """)


def _reconciling() -> None:
    op.execute("""
        create table reconciling (
            instance_id text primary key,
            read_until timestamptz,
            read_at timestamptz,
            counted_at timestamptz,
            gap bigint,
            gap_times bigint not null default 0,
            settled_gap bigint not null default 0,
            failures bigint not null default 0,
            failed_because text,
            paused_until timestamptz,
            answered_at timestamptz
        ) with (fillfactor = 10)
    """)


def _drift() -> None:
    op.execute("""
        create table drift (
            id bigint generated always as identity primary key,
            clerk_id text not null,
            class text not null constraint drift_known_class check (class in (
                'missed_creation', 'missed_update', 'differs', 'ahead', 'absent', 'returned')),
            fields text[] not null default '{}',
            our_version timestamptz,
            clerk_version timestamptz,
            walk_id bigint references walks,
            found_at timestamptz not null default now(),
            checked_at timestamptz not null default now(),
            next_check_at timestamptz not null default now(),
            gone_at timestamptz,
            ended_at timestamptz,
            outcome text constraint drift_known_outcome check (outcome in ('resolved', 'repaired', 'deleted', 'held')),
            constraint drift_ended check ((ended_at is null) = (outcome is null))
        )
    """)
    op.execute("create unique index drift_one_open on drift (clerk_id) where ended_at is null")
    op.execute("create index drift_due_idx on drift (next_check_at) where ended_at is null")
    op.execute("create index drift_found_idx on drift (found_at)")
    op.execute("create index drift_ended_idx on drift (ended_at) where ended_at is not null")
    op.execute("create index drift_user_idx on drift (clerk_id)")


def downgrade() -> None:
    op.execute("delete from heartbeats where part = 'clerk'")
    op.execute("alter table heartbeats drop constraint heartbeats_known_part")
    op.execute("alter table heartbeats add constraint heartbeats_known_part check (part in ('worker', 'beat'))")
    op.execute("drop table drift, reconciling")
    op.execute("delete from leases where name = 'reconcile'")
    op.execute("alter table leases drop constraint leases_known_name")
    op.execute("alter table leases add constraint leases_known_name check (name in ('direct_apply', 'backfill'))")
    op.execute("delete from walks where kind <> 'backfill'")
    op.execute("alter table walks drop column absent, drop column found, drop column urgent")
    op.execute("alter table walks drop constraint walks_known_kind")
    op.execute("alter table walks add constraint walks_known_kind check (kind in ('backfill'))")
    op.execute("drop table clerk_instance")
    op.execute("drop function akako_audit_pin()")
