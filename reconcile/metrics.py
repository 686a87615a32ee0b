"""The metrics of the process that asks Clerk."""

from prometheus_client import Counter

COMPARED = Counter("akako_users_compared_total", "Users compared with Clerk.")
DIFFERENCES = Counter("akako_differences_total", "Differences seen between Clerk and the database.", ["class"])
REPAIRED = Counter("akako_users_repaired_total", "Users repaired from Clerk's Backend API.", ["class"])
FAILED = Counter("akako_clerk_requests_failed_total", "Requests to Clerk after which the process paused.")
PUSHES = Counter("akako_pushes_total", "Users whose roles were due to be pushed to Clerk, by outcome.", ["outcome"])
