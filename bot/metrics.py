"""What `/metrics` counts; one object per service, so that tests do not share counters."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """The counters of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.accepted = Counter(
            "yingda_inbound_total",
            "Calls of platforms by what became of them",
            ["inbox", "result"],
            registry=self.registry,
        )
        self.acknowledged = Histogram(
            "yingda_acknowledge_seconds",
            "From a platform's call to our answer",
            ["inbox"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.turns = Counter(
            "yingda_turns_total",
            "Customer messages thought about, by result",
            ["result"],
            registry=self.registry,
        )
        self.deliveries = Counter(
            "yingda_deliveries_total",
            "Outgoing messages by what became of an attempt",
            ["inbox", "result"],
            registry=self.registry,
        )
        self.backlog = Gauge(
            "yingda_backlog",
            "Messages waiting, by direction",
            ["direction"],
            registry=self.registry,
        )
        self.inbox_ready = Gauge(
            "yingda_inbox_ready",
            "1 when the inbox works, else 0",
            ["inbox"],
            registry=self.registry,
        )

    def render(self) -> bytes:
        """Return the counters in Prometheus's text format."""
        return generate_latest(self.registry)
