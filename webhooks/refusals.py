"""What the door refuses: counted, and told now and then."""

from prometheus_client import Counter as Metric

from config import refusals

REFUSED = Metric("akako_deliveries_refused_total", "Requests to the webhook that were refused.", ["reason"])


class Refusals(refusals.Refusals):
    """The refusals of deliveries."""

    def __init__(self) -> None:
        super().__init__("delivery.refused", REFUSED)
