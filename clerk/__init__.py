"""The language: what Clerk says (`signature`, `events`, `tokens`), and asking it (`keyring`, `backend`).

Reading is pure: no database, no clock of ours, no log. Only `keyring` and `backend` use the network.
"""
