"""Verify, then `.delay(payload)`: the fastest of the usual ways to answer, and what is answered is not on disk yet."""
