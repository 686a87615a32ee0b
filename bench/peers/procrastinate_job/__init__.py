"""Procrastinate: the delivery's row and its job in one transaction of PostgreSQL, no broker beside it."""
