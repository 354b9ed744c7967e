"""Knows whose certificates are trusted: httpx's own choice, read once for all vendors. Knows no vendor."""

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """What to give every client as `verify`: without it each reads the authorities anew, some ten milliseconds."""
    return httpx.create_ssl_context()
