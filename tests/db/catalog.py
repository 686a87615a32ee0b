"""What a database says of its own tables."""

import psycopg

QUERIES = {
    "columns": """
        select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
               a.attcollation::regcollation::text, pg_get_expr(d.adbin, d.adrelid)
        from pg_attribute a
        join pg_class c on c.oid = a.attrelid and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attnum > 0 and not a.attisdropped
    """,
    "constraints": """
        select conrelid::regclass::text, conname, contype, condeferrable, convalidated, pg_get_constraintdef(oid)
        from pg_constraint where connamespace = 'public'::regnamespace and conrelid <> 0
    """,
    "indexes": "select tablename, indexname, indexdef from pg_indexes where schemaname = 'public'",
    "options": """
        select relname, relkind, reloptions, relpersistence from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'i', 'S', 'v', 'm', 'p')
    """,
    "triggers": """
        select tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
    """,
    "functions": """
        select proname, pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
    """,
}
SHAPE = ("columns", "constraints", "indexes", "options")
"""What SQLAlchemy's tables say too."""


def seen(url: str, *parts: str) -> dict[str, list[tuple[object, ...]]]:
    """The named parts of the catalog (all of them by default), without Alembic's own table."""
    with psycopg.connect(url) as connection:
        return {part: _sorted(connection, QUERIES[part]) for part in parts or QUERIES}


def _sorted(connection: psycopg.Connection, query: str) -> list[tuple[object, ...]]:
    found = connection.execute(query)
    return sorted((row for row in found if "alembic_version" not in str(row)), key=str)
