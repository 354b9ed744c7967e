"""Knows what a team decides about how its incidents are run. Knows nothing of an incident."""

from collections.abc import Mapping
from datetime import timedelta

from pydantic import Field

from bot.domain.plan_parts import Part, means
from bot.domain.plan_values import Duration, Words


class IncidentPlan(Part):
    """How incidents are run: who is brought in, where it is told, and when a silent owner hears of it.

    `announce` gives, per platform, the channel that is told of a start and an end; `chase_after` is how long support
    may leave the letter unanswered.
    """

    responders: tuple[str, ...] = means(
        "the roles that are invited into an incident's room.", ("operator", "lead-developer", "approver")
    )
    announce: Mapping[str, Words] = means('the channel to announce in, like slack = "C024BE7LR".', {})
    nudge_after: Duration = means('how long an owner may be silent, like "10 minutes".', timedelta(minutes=10))
    chase_after: Duration = means(
        'how long support may leave the letter unanswered, like "30 minutes".', timedelta(minutes=30)
    )
    watch_for: Duration = means('how long errors are watched after the end, like "1 hour".', timedelta(hours=1))
    kill_switch: str = means("the environment variable of Convex that the code checks before it writes.", "")
    convex_plan: str = means('the plan booked at Convex, like "Pro"; support asks for it.', "")
    mailing_list: tuple[str, ...] = Field((), description="addresses that are told of a start and an end.")
