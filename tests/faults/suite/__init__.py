"""Fault injection under load, and the count of what was lost or applied twice (`python -m tests.faults.suite`)."""
