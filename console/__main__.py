"""`python -m console`: serves the console on HOST and PORT."""

from health import garbage, metrics_dir, stop_signals


def main() -> None:
    """Serve until a stop signal arrives, then finish the accepted requests and exit."""
    stop_signals.install()
    garbage.defer()
    from config import logs
    from config.settings import ConsoleSettings, load
    from health import exposition
    from health.broker import Broker
    from health.gauges import BrokerGauge
    from serving.server import serve

    settings = load(ConsoleSettings)
    logs.configure("console", form=settings.log_format, level=settings.log_level)
    exposition.start(settings, metrics_dir.DIRECTORY, BrokerGauge(Broker(settings.redis)))
    serve("console.app:app", settings, settings.console_processes)


if __name__ == "__main__":
    main()
