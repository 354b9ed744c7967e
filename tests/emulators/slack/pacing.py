"""Knows Slack's rate limits. Knows nothing of what is limited.

Tiers: https://docs.slack.dev/apis/web-api/rate-limits. Slack names the sustained rates; the bursts are ours.
"""

import math

from tests.emulators.slack.clock import Clock

POSTS = ("chat.postMessage", "chat.postEphemeral")
TIERS = {
    "apps.connections.open": 3,
    "conversations.create": 2,
    "conversations.history": 3,
    "conversations.info": 3,
    "conversations.invite": 3,
    "conversations.join": 3,
    "conversations.open": 3,
    "conversations.replies": 3,
    "conversations.list": 2,
    "conversations.setPurpose": 2,
    "conversations.setTopic": 2,
    "chat.delete": 3,
    "chat.update": 3,
    "pins.add": 2,
    "pins.list": 2,
    "reactions.add": 3,
    "usergroups.users.list": 2,
    "users.conversations": 3,
}
PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
BURST = {1: 10, 2: 20, 3: 20, 4: 50}
POST_BURST = 4


class Pacing:
    """A bucket for each method, and for posting one for each channel."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def wait(self, method: str, channel: str) -> int:
        """Count a call. Gives the seconds after which it may come again, 0 where it may pass."""
        if method in POSTS:
            key, rate, burst = ("post", channel), 1.0, float(POST_BURST)
        else:
            tier = TIERS.get(method, 4)
            key, rate, burst = (method, ""), PER_MINUTE[tier] / 60, float(BURST[tier])
        left, at = self._buckets.get(key, (burst, self._clock.elapsed))
        left = min(burst, left + (self._clock.elapsed - at) * rate)
        allowed = left >= 1
        self._buckets[key] = (left - 1 if allowed else left, self._clock.elapsed)
        return 0 if allowed else max(1, math.ceil((1 - left) / rate))
