"""Knows how a question to a second person is shown, and its answer. Knows nothing of who may give it."""

from bot.chat.cards import Block, Bold, Buttons, Card, Code, Line, Tone, When, text
from bot.domain.automations import Answer, Approval
from bot.domain.people import PersonId, Role
from bot.domain.plan import Plan
from bot.views.actions import say

_TITLES = {
    Answer.OPEN: "A second person has to agree",
    Answer.AGREED: "Agreed, and begun",
    Answer.REFUSED: "Refused: nothing was done",
    Answer.EXPIRED: "Nobody answered in time: nothing was done",
    Answer.ALONE: "Done without a second person",
}
_TONES = {Answer.OPEN: Tone.WARNING, Answer.ALONE: Tone.BAD}


def approval_card(found: Approval, plan: Plan) -> Card:
    """Exactly what is to be done, who asks, until when; and once it is answered, by whom."""
    asker = plan.name_of(found.asked_by) if found.asked_by in plan.people else found.asked_by_name
    blocks: list[Block] = [text(Bold(found.words)), text(f"{asker} asks for it.")]
    if found.answer is Answer.OPEN:
        blocks.append(
            text(f"To agree: {approvers(plan, found.asked_by)}. It is open until ", When(found.expires_at), ".")
        )
        agree = say("Agree", f"/recovery agree {found.code}", "danger")
        blocks.append(Buttons((agree, say("Refuse", f"/recovery refuse {found.code}"))))
        blocks.append(text("Or type ", Code(f"/recovery agree {found.code}"), "."))
    elif found.answered_by is not None and found.answered_at is not None:
        why = f": {found.reason}" if found.reason else ""
        blocks.append(text(f"{found.answered_by_name}{why} · ", When(found.answered_at)))
    footer: Line = (f"{found.code} · {found.incident}",)
    return Card(_TITLES[found.answer], tuple(blocks), _TONES.get(found.answer, Tone.NEUTRAL), footer)


def approvers(plan: Plan, asker: PersonId) -> str:
    """Who may agree, by name, beside who asks."""
    names = [one.name for one in plan.holders(Role.APPROVER) if one.id != asker] if Role.APPROVER in plan.roles else []
    return " or ".join(names) or "somebody with the role approver"
