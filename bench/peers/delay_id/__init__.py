"""A row per request, then `.delay(id)`: the usual durable way."""
