"""Knows what Discord's errors mean to whoever wanted a message posted. Knows nothing of what was posted.

Codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import aiohttp
import discord
import structlog

from bot.domain.errors import Outage, Refused
from bot.ports import Clock, Gone
from bot.views import words

UNKNOWN_CHANNEL, UNKNOWN_MEMBER, UNKNOWN_MESSAGE, UNKNOWN_USER = 10003, 10007, 10008, 10013
TOO_MANY_PINS, TOO_MANY_CHANNELS, TOO_MANY_IN_THREAD = 30003, 30013, 30033
MISSING_ACCESS = 50001
TAKES_NO_MESSAGES, SHARES_NO_SERVER = 50007, 50278
NO_THREADS_HERE = 50024
MISSING_PERMISSIONS = 50013
NO_SUCH_RECIPIENT = 50033
WRONG_BODY = 50035
ARCHIVED = 50083
HAS_A_THREAD = 160004
TOO_MANY_THREADS = 160006
_log = structlog.get_logger()


@contextmanager
def told(clock: Clock, lacks: Callable[[], tuple[str, list[str]]], what: str = "post") -> Iterator[None]:
    """Say Discord's errors in our words. `lacks` gives the channel's name and what has to be allowed there.

    `what` was to be done.
    """
    try:
        yield
    except discord.RateLimited as error:
        again = clock.now() + timedelta(seconds=error.retry_after)
        raise Outage("Discord", "Discord asks for a pause.", retry_at=again, unsent=True) from error
    except discord.HTTPException as error:
        if error.code in (TAKES_NO_MESSAGES, SHARES_NO_SERVER):
            problem = "They take no direct messages from Lifeboat on Discord."
            hint = "They have to be in the server, and can allow them in its privacy settings."
            raise Refused(problem, hint) from error
        if not isinstance(error, discord.Forbidden):
            raise _meant(error) from error
        name, missing = lacks()
        mend = f"Allow its role there, in the channel's settings: {words.listed(missing, 9)}."
        raise Refused(f"Discord does not let Lifeboat {what} in {name} ({error.text or error.code}).", mend) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        unsent = isinstance(error, aiohttp.ClientConnectorError)
        raise Outage("Discord", "Discord could not be reached.", unsent=unsent) from error


def _meant(error: discord.HTTPException) -> Exception:
    if error.code in (UNKNOWN_CHANNEL, UNKNOWN_MESSAGE):
        return Gone(error.text)
    if error.status in (401, 404, 429) or error.status >= 500:
        # A token that was changed and a route that is away are mended elsewhere; the message is as good as before.
        return Outage("Discord", f"Discord did not take it ({error.status}).")
    _log.error("discord_refused", status=error.status, code=error.code, said=error.text)
    return Refused(f"Discord did not take it ({error.code}).", "The log has what it said.")
