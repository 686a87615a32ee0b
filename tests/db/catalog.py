"""Reads the definitions of our tables from the catalog, in any schema."""

import psycopg

QUERIES = {
    "columns": """
        select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
               a.attcollation::regcollation::text, pg_get_expr(d.adbin, d.adrelid)
        from pg_attribute a
        join pg_class c on c.oid = a.attrelid and c.relkind = 'r' and c.relnamespace = to_regnamespace(%(schema)s)
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attnum > 0 and not a.attisdropped
    """,
    "constraints": """
        select conrelid::regclass::text, conname, contype, condeferrable, convalidated, pg_get_constraintdef(oid)
        from pg_constraint where connamespace = to_regnamespace(%(schema)s) and conrelid <> 0
    """,
    "indexes": "select tablename, indexname, indexdef from pg_indexes where schemaname = %(schema)s",
    "options": """
        select relname, relkind, reloptions, relpersistence from pg_class
        where relnamespace = to_regnamespace(%(schema)s) and relkind in ('r', 'i', 'S', 'm', 'p')
    """,
    "views": "select viewname, definition from pg_views where schemaname = %(schema)s",
    "statistics": """
        select pg_get_statisticsobjdef(oid) from pg_statistic_ext where stxnamespace = to_regnamespace(%(schema)s)
    """,
    "triggers": """
        select tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(pg_trigger.oid)
        from pg_trigger join pg_class on pg_class.oid = tgrelid and relnamespace = to_regnamespace(%(schema)s)
        where not tgisinternal
    """,
    "functions": """
        select proname, pg_get_functiondef(oid) from pg_proc where pronamespace = to_regnamespace(%(schema)s)
    """,
}
SHAPE = ("columns", "constraints", "indexes", "options")
"""The parts that the SQLAlchemy metadata defines, too."""


def seen(url: str, *parts: str, schema: str = "akako") -> dict[str, list[tuple[object, ...]]]:
    """The given parts (default: all) of the catalog of one schema, without schema names and Alembic's table."""
    with psycopg.connect(url, options=f"-c search_path={schema} -c TimeZone=UTC") as connection:
        return {part: _sorted(connection, QUERIES[part], schema) for part in parts or QUERIES}


def _sorted(connection: psycopg.Connection, query: str, schema: str) -> list[tuple[object, ...]]:
    found = [tuple(map(_unqualified, row)) for row in connection.execute(query, {"schema": schema})]
    return sorted((row for row in found if "alembic_version" not in str(row)), key=str)


def _unqualified(value: object) -> object:
    return value.replace("akako.", "").replace("public.", "") if isinstance(value, str) else value
