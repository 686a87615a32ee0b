"""`python -m webhooks`: the receiver, listening on HOST and PORT."""

from health import garbage, metrics_dir, stop_signals


def main() -> None:
    """Serve until the process receives a stop signal, then complete the requests in progress and exit."""
    stop_signals.install()
    garbage.defer()
    from config import logs
    from config.settings import ReceiverSettings, load
    from health import exposition
    from health.broker import Broker
    from health.gauges import BrokerGauge
    from serving.server import serve

    settings = load(ReceiverSettings)
    logs.configure("receiver", form=settings.log_format, level=settings.log_level)
    exposition.start(settings, metrics_dir.DIRECTORY, BrokerGauge(Broker(settings.redis)))
    serve("webhooks.app:app", settings, settings.web_processes)


if __name__ == "__main__":
    main()
