"""Keycloak's formats: exports, credentials, roles, admin events; and the map that turns its users into ours.

Reads files; uses no database, no network and no log.
"""
