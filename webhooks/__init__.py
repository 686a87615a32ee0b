"""The receiver: verifies a delivery, stores it, responds, and enqueues it for the workers, always in this order."""
