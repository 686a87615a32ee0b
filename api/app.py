"""The ASGI application `api.app:app`, configured from the environment."""

# ruff: noqa: E402 - each of several processes begins here
from health import garbage

garbage.defer()

from api.application import build
from config import logs
from config.settings import ApiSettings, load

settings = load(ApiSettings)
logs.configure("api", form=settings.log_format, level=settings.log_level)
app = build(settings)
garbage.tune()
