"""The PostgreSQL settings that every statement of ours depends on."""

from collections.abc import Mapping
from types import MappingProxyType

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "search_path": "public, pg_catalog, pg_temp",
        "TimeZone": "UTC",
        "DateStyle": "ISO, MDY",
        "IntervalStyle": "postgres",
        "bytea_output": "hex",
        "standard_conforming_strings": "on",
        "default_transaction_isolation": "read committed",
    }
)
"""Setting name to value, as `set_config` takes them.

`akako migrate` sets them on the application's role, so that they hold on every connection, pooled or not. Sessions of
our own set them as well, because the owner is not always allowed to alter roles.
"""
