"""A request refused for lack of a role is recorded in the audit trail, at most once per user and hour."""

from alembic import op

revision = "0014"
down_revision = "0013"

HOUR = "date_bin('01:00:00'::interval, {}, '2000-01-01 00:00:00+00'::timestamptz)"


def upgrade() -> None:
    op.execute(f"""
        create unique index audit_log_refused_key on audit_log (user_id, {HOUR.format("at")})
        where action = 'access.refused'
    """)
    # Writes this kind of line only, only about living users who are banned or lack one of the roles at that moment,
    # and one per user and hour: the application may call it, and still not write to the trail itself.
    op.execute(f"""
        create function akako_note_refused(who text, needed text[], operation text) returns void
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        declare
            refused record;
        begin
            if operation is null or operation !~ '^[a-z_]{{1,63}}$'
               or needed is null or not needed <@ array['LEARNER', 'MENTOR', 'ADMIN'] then
                raise exception 'name an operation and the roles that it needs' using errcode = 'check_violation';
            end if;
            if akako.akako_said('actor') is null then
                raise exception 'a refusal is not noted without saying who was refused'
                    using errcode = 'check_violation', hint = 'Set akako.actor for the transaction.';
            end if;
            select id, clerk_id, banned into refused from akako.users
            where clerk_id = who and deleted_at is null and (banned or not needed <@ array(
                select role from akako.user_roles
                where user_id = users.id and is_active and effective_start_date <= clock_timestamp()
                  and (effective_end_date is null or effective_end_date > clock_timestamp())));
            if not found or exists (
                select from akako.audit_log
                where user_id = refused.id and action = 'access.refused'
                  and {HOUR.format("at")} = {HOUR.format("now()")}) then
                return;
            end if;
            insert into akako.audit_log (action, user_id, clerk_user_id, actor, cause, after)
            values ('access.refused', refused.id, refused.clerk_id, akako.akako_actor(),
                    akako.akako_said('cause'), jsonb_build_object(
                        'operation', operation, 'requires', to_jsonb(needed), 'banned', refused.banned))
            on conflict do nothing;
        end $$
    """)  # noqa: S608 - constants of ours
    op.execute("revoke execute on function akako_note_refused(text, text[], text) from public")


def downgrade() -> None:
    op.execute("drop function akako_note_refused(text, text[], text)")
    op.execute("drop index audit_log_refused_key")
