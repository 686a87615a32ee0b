"""The hand: Celery tasks that make kept events true (`apply`), keep the calendar (`sweep`, `expiry`) and fail well."""
