"""Knows how Slack calls a bot over HTTP: signatures, forms, retries. Knows nothing of what it says."""

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.emulators.slack.delivery import ACK_SECONDS, Delivery, Post

SIGNING_SECRET = "emulated-signing-secret-of-no-use-elsewhere"
FORM = "application/x-www-form-urlencoded"


class HttpMode:
    """POSTs to the bot's request URL."""

    def __init__(self) -> None:
        self.url = ""
        self.post: Post
        self._session: aiohttp.ClientSession | None = None

    async def carry(self, delivery: Delivery, copy: int) -> None:
        """Send a request; its answer is the acknowledgement."""
        headers = {}
        if delivery.attempt:
            headers = {"X-Slack-Retry-Num": str(delivery.attempt), "X-Slack-Retry-Reason": delivery.why}
        body, kind = _encoded(delivery)
        try:
            async with asyncio.timeout(ACK_SECONDS * 2):
                status, text, answered = await self.send(body, kind, headers)
        except TimeoutError:
            delivery.fail("http_timeout")
            return
        except aiohttp.ClientError:
            delivery.fail("connection_failed")
            return
        if status == 200:
            self.post.acknowledge(delivery.id, _answer(text, answered.get("Content-Type", "")))
        elif answered.get("X-Slack-No-Retry") == "1":
            delivery.fail("no_retry")
        else:
            delivery.fail("http_error")

    async def send(
        self, body: str, kind: str, headers: dict[str, str] | None = None, secret: str = SIGNING_SECRET
    ) -> tuple[int, str, dict[str, str]]:
        """A signed request. Gives status, text and headers of the answer."""
        # The bot compares with the real time, whatever the emulated clock says.
        stamp = str(int(time.time()))
        digest = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        signed = {
            "Content-Type": kind,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest}",
        }
        if self._session is None:
            self._session = aiohttp.ClientSession()
        async with self._session.post(self.url, data=body.encode(), headers=signed | (headers or {})) as answer:
            return answer.status, await answer.text(), dict(answer.headers)

    async def verify(self) -> bool:
        """Ask for the challenge, as Slack does when the request URL is entered."""
        asked = {
            "type": "url_verification",
            "token": "emulated",
            "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkv",
        }
        status, text, headers = await self.send(json.dumps(asked), "application/json")
        answer = _answer(text, headers.get("Content-Type", "")) or {}
        return status == 200 and asked["challenge"] in (answer.get("challenge"), answer.get("text"))

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()


def _encoded(delivery: Delivery) -> tuple[str, str]:
    if delivery.envelope == "slash_commands":
        return urlencode(delivery.payload), FORM
    if delivery.envelope == "interactive":
        return urlencode({"payload": json.dumps(delivery.payload)}), FORM
    return json.dumps(delivery.payload), "application/json"


def _answer(text: str, kind: str) -> dict[str, Any] | None:
    if not text.strip():
        return None
    if kind.startswith("application/json"):
        answer = json.loads(text)
        return answer if isinstance(answer, dict) else None
    return {"text": text}
