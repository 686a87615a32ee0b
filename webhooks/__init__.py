"""The door: verify a delivery, keep it, answer, nudge the worker. Never in another order."""
