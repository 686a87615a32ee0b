"""The HTTP API for the learning platform and its admins. Each request is handled in a thread."""
