"""What people can say about the letter to support: draft it, edit it, send it once, record what came of it. Thin."""

from enum import StrEnum
from typing import Annotated

from bot.chat.cards import Card, Form
from bot.chat.declare import Help, Rest, Unasked
from bot.domain.errors import Refused
from bot.domain.incidents import Incident
from bot.domain.letter_questions import check, missing
from bot.domain.people import Role
from bot.house import Context
from bot.operations import letters
from bot.views.actions import EDIT_LETTER, SAVE_LETTER
from bot.views.letters import answer_recorded_card, edited, letter_card, letter_form, sent_card
from commands.incident_group import Of, group, real


class Course(StrEnum):
    """What is done with the letter."""

    DRAFT = "draft"
    SEND = "send"
    SENT = "sent"


@group.command()
async def email(
    ctx: Context,
    what: Annotated[Course, Help("Show the draft, send it, or say that you sent it yourself")] = Course.DRAFT,
    *,
    seen: Annotated[str, Help("Send it only if it is the one that was read, by its mark"), Unasked()] = "",
    of: Of = None,
) -> Card:
    """Draft the letter to Convex support, with the timestamp filled in; send it once."""
    incident = await real(ctx, of)
    if what is Course.DRAFT:
        return await _draft(ctx, await letters.refreshed(ctx.house, incident, ctx.by))
    if not ctx.by.may(Role.OPERATOR):
        raise Refused("Only operators send the letter. Nothing was sent.", "Who they are: /lifeboat runbook contacts.")
    by_hand = what is Course.SENT
    if by_hand:
        stands = await letters.sent_by_hand(ctx.house, incident, ctx.by)
    else:
        stands = await letters.send(ctx.house, incident, ctx.by, seen)
    assert stands.letter is not None
    assert stands.letter.sent_at is not None
    letter = letters.letter_of(ctx.house, stands, await letters.current(ctx.house, stands))
    answer_by = stands.letter.sent_at + ctx.house.plan.incidents.chase_after
    eml = f"letter/{stands.id}.eml"
    return sent_card(letter, ctx.by.name, stands.letter.sent_at, answer_by, eml=eml, by_hand=by_hand)


@group.command()
async def answer(ctx: Context, text: Annotated[str, Help("What support answered"), Rest()], *, of: Of = None) -> Card:
    """Record what support answered; nobody is reminded of the letter any more."""
    await letters.answered(ctx.house, await real(ctx, of), ctx.by, text)
    return answer_recorded_card(text, ctx.by.name, ctx.now)


@group.on(EDIT_LETTER)
async def edit(ctx: Context, incident: str) -> Form:
    """Open the letter to edit it."""
    found = await real(ctx, incident)
    return letter_form(await letters.current(ctx.house, found), SAVE_LETTER(incident))


@group.on(SAVE_LETTER)
async def save(ctx: Context, incident: str, **values: str) -> Card:
    """Keep the letter as it was edited."""
    found = await real(ctx, incident)
    draft = edited(await letters.current(ctx.house, found), values)
    return await _draft(ctx, await letters.save(ctx.house, found, ctx.by, draft))


async def _draft(ctx: Context, incident: Incident) -> Card:
    house, facts = ctx.house, await letters.facts(ctx.house, incident)
    draft = await letters.current(house, incident)
    by_hand = incident.letter is not None and incident.letter.by_hand
    questions = check(draft.text, facts) if by_hand else missing(facts)
    cause = next((one for one in house.plan.causes if one.key == incident.cause), None)
    keys = [key for key in (cause.ways if cause else ()) if key != "option-a"]
    return letter_card(
        letters.letter_of(house, incident, draft),
        questions,
        eml=f"letter/{incident.id}.eml",
        edit=EDIT_LETTER(incident.id),
        sender=house.neighbours.mail.sender if house.neighbours.mail else "",
        target=facts.target,
        copy=await letters.copy_before(house, incident),
        ways=[way for key in keys for way in house.plan.ways if way.key == key],
    )
