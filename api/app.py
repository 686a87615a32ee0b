"""The ASGI application `api.app:app`, configured from the environment."""

from api.application import build
from config import logs
from config.settings import ApiSettings, load
from health.garbage import tune

settings = load(ApiSettings)
logs.configure("api", form=settings.log_format, level=settings.log_level)
app = build(settings)
tune()
