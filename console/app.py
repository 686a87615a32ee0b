"""The ASGI application `console.app:app`, configured from the environment."""

# ruff: noqa: E402 - each of several processes begins here
from health import garbage

garbage.defer()

from config import logs
from config.settings import ConsoleSettings, load
from console.application import build

settings = load(ConsoleSettings)
logs.configure("console", form=settings.log_format, level=settings.log_level)
app = build(settings)
garbage.tune()
