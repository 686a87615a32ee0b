"""Which lines of the audit trail say that a person, not a system, changed a user's access or roles."""

BY_PERSON = """
    (audit_log.action like any ('{role.%%,user.%%,deletion.%%}'::text[])
     and audit_log.actor not in ('clerk', 'calendar', 'reconcile', 'keycloak'))
"""
"""For statements with parameters. Needs `audit_log`."""
