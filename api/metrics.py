"""Prometheus metrics and a log line of every request: counts and times per route, never who or which case."""

from __future__ import annotations

import logging
import os
import time

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.security import LOOPBACK, signed_in
from enforcement.access import Permission, require

router = APIRouter(tags=["operations"])
log = logging.getLogger("weegschaal.requests")
SHARED = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 2.5, 5.0)
"""seconds"""


class Metrics:
    """What is measured of one running service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "weegschaal_requests", "Requests", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "weegschaal_request_seconds", "Time of a request", ("route",), buckets=BUCKETS, registry=self.registry
        )
        self.working = Gauge(
            "weegschaal_requests_in_progress",
            "Requests being worked on",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.sealed = Gauge(
            "weegschaal_log_sealed_entries",
            "Last sealed entry",
            ("municipality",),
            registry=self.registry,
            multiprocess_mode="max",
        )
        self.unsealed = Counter(
            "weegschaal_log_checkpoint_failures", "Checkpoints that could not be made", registry=self.registry
        )


class Observed:
    """Measures every request and writes a line about it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, status = time.perf_counter(), 500

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self.metrics.working.inc()
        try:
            await self.app(scope, receive, seen)
        finally:
            self.metrics.working.dec()
            taken = time.perf_counter() - began
            route = "/static" if scope["path"].startswith("/static/") else getattr(scope.get("route"), "path", "-")
            self.metrics.requests.labels(scope["method"], route, str(status)).inc()
            self.metrics.seconds.labels(route).observe(taken)
            fields = {
                "method": scope["method"],
                "route": route,
                "status": status,
                "ms": round(taken * 1000, 1),
                "municipality": scope.get("state", {}).get("municipality"),
            }
            log.info("request", extra={"fields": fields})


def require_near_or_key(request: Request) -> None:
    """From this machine itself, not through a proxy; else with a key that may read metrics.

    Raises SignedOutError and ForbiddenError.
    """
    near = request.client is not None and request.client.host in LOOPBACK
    if not near or {"forwarded", "x-forwarded-for"} & set(request.headers):
        require(signed_in(request).viewer, Permission.READ_METRICS)


@router.get("/metrics", include_in_schema=False)
def read_metrics(request: Request) -> Response:
    """Prometheus text."""
    require_near_or_key(request)
    metrics: Metrics = request.app.state.metrics
    registry = metrics.registry
    if SHARED in os.environ:  # several processes: each keeps its counts in a file there
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
