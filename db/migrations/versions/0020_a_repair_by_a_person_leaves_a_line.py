"""A difference that a person repairs leaves a line with the author and the reason, also if no access changed."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    # A repair without a reason is reconciling's own, whose effects have lines.
    op.execute("""
        create function akako_audit_repair() returns trigger
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        begin
            if akako.akako_said('reason') is null then
                return null;
            end if;
            insert into akako.audit_log (action, user_id, clerk_user_id, actor, actor_email, reason, cause, after)
            values (
                'drift.repaired', (select id from akako.users where clerk_id = new.clerk_id), new.clerk_id,
                akako.akako_actor(), akako.akako_said('actor_email'), akako.akako_said('reason'), 'drift_' || new.id,
                jsonb_strip_nulls(jsonb_build_object(
                    'class', new.class, 'fields', new.fields, 'forced', akako.akako_said('forced')::boolean)));
            return null;
        end $$
    """)
    op.execute("revoke execute on function akako_audit_repair() from public")
    op.execute("""
        create trigger audit_repair after update on drift for each row
        when (old.outcome is null and new.outcome = 'repaired') execute function akako_audit_repair()
    """)
    op.execute("alter table drift enable always trigger audit_repair")


def downgrade() -> None:
    op.execute("drop trigger audit_repair on drift")
    op.execute("drop function akako_audit_repair()")
