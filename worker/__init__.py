"""The Celery worker: tasks that apply stored events and run periodic work, the scheduler, and the liveness watchdog."""
