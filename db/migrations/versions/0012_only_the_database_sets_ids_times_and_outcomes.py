"""Only the database sets ids, times of writing and outcomes, and no function of another role is called."""

from alembic import context, op

from db.schema import MigrationRefused

revision = "0012"
down_revision = "0011"

# Tables, and the columns that say when something was written.
WRITTEN = {
    "audit_log": ("at",),
    "users": ("created_at", "updated_at"),
    "user_roles": ("created_at", "updated_at"),
    "webhook_events": ("received_at",),
}

ASSIGNMENT = (
    "user_id",
    "role",
    "effective_start_date",
    "effective_end_date",
    "assigned_by",
    "assigned_by_email",
    "reason",
    "end_reason",
    "admin_notes",
    "is_active",
)

APPLIED_AT = (
    "case when new.status <> 'applied' then null when old.status = 'applied' then old.applied_at"
    " else statement_timestamp() end"
)

# While `public` was in the search path, these could have been bound to a function or operator of another role, because
# PostgreSQL's own takes other argument types and has to convert. In all other places PostgreSQL's own matches exactly
# and was found first.
REBOUND = {
    "user_roles.user_roles_no_overlap": (
        "alter table user_roles drop constraint user_roles_no_overlap",
        """
        alter table user_roles add constraint user_roles_no_overlap exclude using gist (
            pg_catalog.point(user_id, role_no) with operator(pg_catalog.~=),
            pg_catalog.tstzrange(effective_start_date, effective_end_date) with operator(pg_catalog.&&)
        ) where (is_active)
        """,
    ),
    "users.users_tombstones_remember_no_person": (
        "alter table users drop constraint users_tombstones_remember_no_person",
        """
        alter table users add constraint users_tombstones_remember_no_person
            check (deleted_at is null or (
                pg_catalog.num_nonnulls(claimed_email, email, first_name, last_name, username, image_url, external_id,
                                        clerk_created_at, clerk_updated_at) = 0
                and not banned))
        """,
    ),
    "audit_log.audit_log_events_idx": (
        "drop index audit_log_events_idx",
        """
        create index audit_log_events_idx on audit_log using gin ((after operator(pg_catalog.->) 'svix_ids'::text))
        where action like 'event.%' and after is not null
        """,
    ),
    "user_roles.audit_change": (
        "drop trigger audit_change on user_roles",
        """
        create trigger audit_change after update on user_roles for each row
        when (old.* is distinct from new.*) execute function akako_audit_role()
        """,
        "alter table user_roles enable always trigger audit_change",
    ),
}

BOUND_TO_OTHERS = """
    select distinct own.relname || '.' || coalesce(conname, tgname, pg_class.relname, ''),
           named.type || ' ' || named.identity, called.type || ' ' || called.identity, trusted.oid is not null
    from pg_depend as bound
    cross join pg_identify_object(bound.classid, bound.objid, 0) as named
    cross join pg_identify_object(bound.refclassid, bound.refobjid, 0) as called
    left join pg_constraint on bound.classid = 'pg_constraint'::regclass and pg_constraint.oid = bound.objid
    left join pg_trigger on bound.classid = 'pg_trigger'::regclass and pg_trigger.oid = bound.objid
    left join pg_class on bound.classid = 'pg_class'::regclass and pg_class.oid = bound.objid
    left join pg_attrdef on bound.classid = 'pg_attrdef'::regclass and pg_attrdef.oid = bound.objid
    left join pg_index on pg_index.indexrelid = pg_class.oid
    join pg_class as own on own.oid = coalesce(conrelid, tgrelid, indrelid, adrelid)
        and own.relnamespace = 'akako'::regnamespace
    left join pg_proc on bound.refclassid = 'pg_proc'::regclass and pg_proc.oid = bound.refobjid
    left join pg_operator on bound.refclassid = 'pg_operator'::regclass and pg_operator.oid = bound.refobjid
    left join pg_roles as trusted on trusted.oid = coalesce(proowner, oprowner)
        and (trusted.rolsuper or trusted.rolname = current_user)
    where coalesce(pronamespace, oprnamespace) not in ('pg_catalog'::regnamespace, 'akako'::regnamespace)
"""


def upgrade() -> None:
    _rebind()
    for table, columns in WRITTEN.items():
        for column in columns:
            op.execute(f"alter table {table} alter {column} set default clock_timestamp()")
    _number_transactions()
    _set_times()
    _refuse_the_future()
    _refuse_to_rewrite_the_past()
    _refuse_to_be_born_discarded()
    _make_locks()


def _rebind() -> None:
    """Make anew what calls a function or operator of another role, with the name of the schema written out."""
    made = set()
    for name, what, called, trusted in op.get_bind().exec_driver_sql(BOUND_TO_OTHERS).all():
        if name in REBOUND:
            for statement in () if name in made else REBOUND[name]:
                op.execute(statement)
            made.add(name)
            context.config.attributes["say"](
                f"The {what} called the {called}, which is not PostgreSQL's own, and was made anew. Find out who"
                " created that: it may have run with the rights of the owner."
            )
        elif not trusted:
            raise MigrationRefused(
                f"The {what} calls the {called}, which belongs to another role and would run with the rights of whoever"
                " writes to our tables. Drop one of the two, then run `akako migrate` again."
            )


def _number_transactions() -> None:
    """Which transaction wrote a line: its time does not tell any more, and savepoints hide it from `xmin`."""
    op.execute("alter table audit_log add transaction_id xid8")
    op.execute("alter table audit_log alter transaction_id set default pg_current_xact_id()")


def _set_times() -> None:
    """Times of changes, whatever a statement says.

    Statements of ours set the value that is right, because a function for each changed user and each applied event
    would cost more than a hundredth of applying. The conditions below call it only for a value that is not.
    """
    op.execute("""
        create function akako_set_updated_at() returns trigger language plpgsql as $$
        begin
            new.updated_at := pg_catalog.statement_timestamp();
            return new;
        end $$
    """)
    op.execute("""
        create trigger set_updated_at before update on users for each row
        when (new.updated_at is distinct from statement_timestamp()) execute function akako_set_updated_at()
    """)
    # A change that changes nothing would otherwise leave a line in the trail. A whole row cannot be compared before the
    # update, because of its generated column.
    old, new = (", ".join(f"{row}.{column}" for column in ASSIGNMENT) for row in ("old", "new"))
    op.execute(f"""
        create trigger set_updated_at before update on user_roles for each row
        when (({old}) is distinct from ({new})) execute function akako_set_updated_at()
    """)
    op.execute(f"""
        create function akako_set_applied_at() returns trigger
        language plpgsql set search_path = pg_catalog, pg_temp as $$
        begin
            new.applied_at := {APPLIED_AT};
            return new;
        end $$
    """)
    op.execute(f"""
        create trigger set_applied_at before update of status, applied_at on webhook_events for each row
        when (new.applied_at is distinct from {APPLIED_AT}) execute function akako_set_applied_at()
    """)


def _refuse_the_future() -> None:
    """A version from the future would keep every honest one that follows from counting."""
    op.execute("""
        create function akako_refuse_the_future() returns trigger
        language plpgsql set search_path = pg_catalog, pg_temp as $$
        begin
            raise exception 'user % has a version or a deletion later than five minutes from now', new.clerk_id
                using errcode = 'check_violation', table = 'users', constraint = 'users_times_believable',
                      hint = 'Compare the clock of this server with the time in the event.';
        end $$
    """)
    late = "new.{0} > clock_timestamp() + interval '5 minutes'"
    changed = f"{late} and new.{{0}} is distinct from old.{{0}}"
    for event, condition in (("insert", late), ("update", changed)):
        either = " or ".join(condition.format(column) for column in ("clerk_updated_at", "deleted_at"))
        op.execute(f"""
            create trigger not_from_the_future_{event} before {event} on users for each row
            when ({either}) execute function akako_refuse_the_future()
        """)


def _refuse_to_rewrite_the_past() -> None:
    """Windows that reach into the past by more than five minutes, where nothing that Clerk said explains it.

    A new user's first role begins when Clerk created the user, and the roles of a deleted one end when the deletion
    happened. The owner is exempt, who restores backups and imports.
    """
    op.execute("""
        create function akako_refuse_past_windows() returns trigger
        language plpgsql set search_path = pg_catalog, pg_temp as $$
        declare
            refused bigint;
        begin
            if tg_op = 'INSERT' then
                select fresh.id into refused from fresh join akako.users on users.id = fresh.user_id
                where fresh.effective_start_date < clock_timestamp() - interval '5 minutes'
                  and not (fresh.assigned_by = 'akako'
                           and users.created_at > clock_timestamp() - interval '5 minutes'
                           and fresh.effective_start_date >= coalesce(users.clerk_created_at, users.clerk_updated_at))
                limit 1;
            elsif new.is_active and not old.is_active then
                refused := new.id;
            else
                select new.id into refused where not exists (
                    select from akako.users
                    where users.id = new.user_id and new.effective_end_date >= users.deleted_at
                      and new.effective_end_date < coalesce(old.effective_end_date, 'infinity'));
            end if;
            if refused is not null and not pg_has_role(
                (select relowner from pg_class where oid = 'akako.user_roles'::regclass), 'MEMBER')
            then
                raise exception 'assignment % would change who held a role in the past', refused
                    using errcode = 'check_violation', table = 'user_roles', constraint = 'user_roles_past_stays',
                          hint = 'Let it begin or end now or later; what has ended stays as it was.';
            end if;
            if tg_op = 'INSERT' then
                return null;
            end if;
            return new;
        end $$
    """)
    op.execute("""
        create trigger past_stays_insert after insert on user_roles referencing new table as fresh
        for each statement execute function akako_refuse_past_windows()
    """)
    op.execute("""
        create trigger past_stays_update before update on user_roles for each row
        when (new.is_active and not old.is_active
              or new.effective_end_date is distinct from old.effective_end_date
              and least(old.effective_end_date, new.effective_end_date) < clock_timestamp() - interval '5 minutes')
        execute function akako_refuse_past_windows()
    """)


def _refuse_to_be_born_discarded() -> None:
    """Discarding leaves a line in the trail, inserting does not. Applied ones need a column not granted."""
    op.execute("""
        create function akako_refuse_born_discarded() returns trigger
        language plpgsql set search_path = pg_catalog, pg_temp as $$
        begin
            if pg_has_role((select relowner from pg_class where oid = 'akako.webhook_events'::regclass), 'MEMBER') then
                return new;
            end if;
            raise exception 'event % is discarded before it was kept', new.svix_id
                using errcode = 'check_violation', table = 'webhook_events', constraint = 'webhook_events_kept_first',
                      hint = 'Keep it first, then discard it with a reason: `akako events discard`.';
        end $$
    """)
    op.execute("""
        create trigger kept_first before insert on webhook_events for each row
        when (new.status = 'discarded') execute function akako_refuse_born_discarded()
    """)


def _make_locks() -> None:
    """Rows to be locked, one for each thing that one transaction at a time may do."""
    op.execute("""
        create table locks (
            name text primary key,
            turn smallint not null default 0 constraint locks_turn_never_changes check (turn = 0)
        )
    """)
    op.execute("insert into locks (name) values ('admins')")


def downgrade() -> None:
    op.execute("drop table locks")
    op.execute("drop trigger kept_first on webhook_events")
    op.execute("drop trigger set_applied_at on webhook_events")
    for trigger in ("past_stays_update", "past_stays_insert", "set_updated_at"):
        op.execute(f"drop trigger {trigger} on user_roles")
    for trigger in ("not_from_the_future_update", "not_from_the_future_insert", "set_updated_at"):
        op.execute(f"drop trigger {trigger} on users")
    for function in (
        "akako_refuse_born_discarded",
        "akako_refuse_past_windows",
        "akako_refuse_the_future",
        "akako_set_applied_at",
        "akako_set_updated_at",
    ):
        op.execute(f"drop function {function}()")
    op.execute("alter table audit_log drop column transaction_id")
    for table, columns in WRITTEN.items():
        for column in columns:
            op.execute(f"alter table {table} alter {column} set default now()")
