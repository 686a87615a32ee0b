"""Clerk's formats (`signature`, `events`, `user`, `tokens`) and its HTTP APIs (`keyring`, `backend`).

Parsing has no side effects: no database and no logging. Only `keyring` and `backend` use the network.
"""
