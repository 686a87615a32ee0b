"""The PostgreSQL session settings that all statements require."""

from collections.abc import Mapping
from types import MappingProxyType

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "search_path": "akako, pg_catalog, pg_temp",
        "TimeZone": "UTC",
        "DateStyle": "ISO, MDY",
        "IntervalStyle": "postgres",
        "bytea_output": "hex",
        "standard_conforming_strings": "on",
        "default_transaction_isolation": "read committed",
    }
)
"""Setting names and values for `set_config`.

`akako migrate` sets them on the role of the application, so that they apply to every connection, pooled or not. Each
session sets them as well, because the owner is not always allowed to alter roles.
"""
