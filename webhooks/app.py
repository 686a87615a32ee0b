"""The receiver's ASGI application, built from the environment: `webhooks.app:app`."""

from config import logs
from config.settings import ReceiverSettings, load
from health.garbage import tune
from webhooks.receiver import build

settings = load(ReceiverSettings)
logs.configure("receiver", form=settings.log_format, level=settings.log_level)
app = build(settings)
tune()
