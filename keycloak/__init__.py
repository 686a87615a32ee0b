"""Keycloak's formats: exports, credentials, roles, admin events; and the map that turns its users into ours.

Reads files (`db/keycloak_source.py` reads Keycloak's database); uses no database, no network and no log.
"""
