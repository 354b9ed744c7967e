"""Knows how log lines are written: an event's name and its fields, to standard error. Knows no event."""

import logging
import sys
from typing import Any

import structlog


def configure(*, as_json: bool = False, level: int = logging.INFO) -> None:
    """Write log lines as readable text, or as one JSON object each."""
    # Tracebacks without local variables: those may hold keys and rows.
    plainly = structlog.dev.plain_traceback
    last: list[Any] = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plainly)]
    if as_json:
        frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        last = [structlog.processors.ExceptionRenderer(frames), structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
