"""The receiver's ASGI application, built from the environment: `webhooks.app:app`."""

# ruff: noqa: E402 - each of several processes begins here
from health import garbage

garbage.defer()

from config import logs
from config.settings import ReceiverSettings, load
from webhooks.receiver import build

settings = load(ReceiverSettings)
logs.configure("receiver", form=settings.log_format, level=settings.log_level)
app = build(settings)
garbage.tune()
