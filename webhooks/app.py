"""The receiver that `webhooks.app:app` names, made from the environment."""

import gc

from config import logs
from config.settings import ReceiverSettings, load
from webhooks.receiver import build

settings = load(ReceiverSettings)
logs.configure("receiver", form=settings.log_format, level=settings.log_level)
app = build(settings)

# What was imported stays for ever: looked at again and again, it would cost each delivery a tenth of its time.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 50)
