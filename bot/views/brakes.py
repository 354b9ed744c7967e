"""Knows how brakes are shown: what each stops and does not stop, before it is pulled, and what came of it.

Knows nothing of how they are pulled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.chat.cards import (
    Block,
    Bold,
    Button,
    Buttons,
    Card,
    Code,
    Field,
    Form,
    Heading,
    Items,
    Line,
    Span,
    Tone,
    When,
    text,
)
from bot.domain.incident_events import Acted, Brake, Braked, Event
from bot.domain.incidents import Incident, Stopped
from bot.views import words
from bot.views.actions import STOP, say
from bot.views.prose import prose

_NAMES = {
    Brake.PAUSE: "Pause Convex",
    Brake.KILL_SWITCH: "Set the kill switch",
    Brake.MAINTENANCE: "Maintenance page",
    Brake.WEBHOOKS: "Webhooks off",
}
_STOPS = {
    Brake.PAUSE: (
        "Every new call of the app's functions, **those that only read too**: for the people who use it, it is down.",
        "File uploads. Cron jobs are left out while it lasts.",
    ),
    Brake.KILL_SWITCH: ("Writes of code that checks the variable, from its next run on. The app stays readable.",),
    Brake.MAINTENANCE: ("What people do on the site, once the release with the page is live: a minute or more.",),
    Brake.WEBHOOKS: ("Deliveries to every endpoint that is on now, such as Clerk's about new and deleted users.",),
}
_STOPS_NOT = {
    Brake.PAUSE: (
        "Edits and imports in the dashboard, exports, `npx convex import`, deployments: these still write.",
        "Functions that run already. Scheduled ones queue up, **and run at once on resume**: cancel those that must"
        " not, with `/recovery cancel-scheduled`.",
    ),
    Brake.KILL_SWITCH: ("Code that does not check the variable, edits and imports in the dashboard.",),
    Brake.MAINTENANCE: (
        "Pages that are open already, other clients, scheduled functions, cron jobs, webhooks, the dashboard.",
    ),
    Brake.WEBHOOKS: (
        "What the sender does otherwise: people still sign up and delete accounts there. What is sent meanwhile must be"
        " recovered at the sender afterwards.",
    ),
}
_BY_HAND = {
    Brake.PAUSE: "Convex dashboard → the deployment → Settings → General → Pause deployment.",
    Brake.KILL_SWITCH: "Convex dashboard → Settings → Environment variables, or `npx convex env set`.",
    Brake.MAINTENANCE: "Vercel → the project → Settings → Environment Variables, then redeploy production.",
    Brake.WEBHOOKS: "Clerk dashboard → Configure → Webhooks → each endpoint → disable.",
}


def stop_card(incident: Incident, brake: Brake, missing: str) -> Card:
    """What a brake stops and what it does not, then the button; where it is `missing`, what to do by hand."""
    blocks: list[Block] = [Heading("It stops"), Items(tuple(map(_line, _STOPS[brake])))]
    blocks += [Heading("It does not stop"), Items(tuple(map(_line, _STOPS_NOT[brake])))]
    already = next((one for one in incident.stopped if one.brake is brake), None)
    if already is not None:
        blocks.append(text(Bold("It is on since"), " ", When(already.since), f". {already.effect}", tone=Tone.BAD))
    typed = f"/recovery stop {brake} --really {incident.environment} --of {incident.id}"
    hand = say("I did it by hand", f"/recovery stop {brake} --by-hand --of {incident.id}")
    if missing:
        blocks.append(text(Bold("It cannot be done from here."), " ", *prose(missing), tone=Tone.WARNING))
        blocks.append(text(Bold("By hand:"), " ", *prose(_BY_HAND[brake])))
        blocks.append(Buttons((hand,)))
    else:
        blocks.append(Buttons((Button(f"{_NAMES[brake]}…", STOP(incident.id, brake), "danger"), hand)))
        blocks.append(text("It can be undone, and waits for nobody else. Or type ", Code(typed), "."))
    return Card(f"{_NAMES[brake]}: {incident.environment}", tuple(blocks), Tone.WARNING)


def stop_form(form: Form, incident: Incident, brake: Brake) -> Form:
    """The command's own form, with what must be typed; the rest of it is settled."""
    shown = {one.key: one for one in form.fields}
    really = Field("really", f"Type {incident.environment} to confirm", "The name of the environment")
    kept = (shown["what"], really, shown["of"])
    intro: Line = ("Stops: ", *_line(_STOPS[brake][0]), " Does not stop: ", *_line(_STOPS_NOT[brake][0]))
    return replace(form, title=_NAMES[brake], fields=kept, label="Stop", intro=intro)


def resume_card(incident: Incident, missing: Mapping[Brake, str]) -> Card:
    """What is still stopped, with a button each, and all of it in the right order."""
    if not incident.stopped:
        shown = say("Watch the errors", f"/recovery watch --of {incident.id}", "primary")
        title = "Nothing is stopped: there is nothing to resume."
        return Card(title, (Buttons((shown,)),), Tone.GOOD)
    blocks: list[Block] = [text(*_stopped(one), tone=Tone.BAD) for one in incident.stopped]
    named = f"--of {incident.id}"
    if any(one.brake is Brake.PAUSE for one in incident.stopped):
        waiting = (
            "Scheduled functions that queued up run at once when Convex is resumed. First cancel those that must not."
        )
        blocks.append(text(Bold("Before that:"), " ", waiting))
        blocks.append(Buttons((say("Cancel scheduled functions…", f"/recovery cancel-scheduled {named}", "danger"),)))
    buttons = [say("Resume all, in order", f"/recovery resume all {named}", "primary")]
    for brake in dict.fromkeys(one.brake for one in incident.stopped):
        if missing[brake]:
            blocks.append(text(Bold(f"{_NAMES[brake]}:"), " let it go by hand, then say so. ", *prose(_BY_HAND[brake])))
            buttons.append(say(f"{brake}: done by hand", f"/recovery resume {brake} --by-hand {named}"))
        else:
            buttons.append(say(f"Resume {brake}", f"/recovery resume {brake} {named}"))
    blocks.append(Buttons(tuple(buttons)))
    blocks.append(text("The order: kill switch, Convex, webhooks, maintenance page; then the caches."))
    return Card("What is still stopped", tuple(blocks), Tone.BAD)


def outcome_card(incident: Incident, happened: Sequence[Event]) -> Card:
    """What came of a press: what happened so far, and what is stopped since."""
    told = [event.body for event in happened if isinstance(event.body, Braked | Acted)]
    failed = any(isinstance(body, Acted) and not body.ok for body in told)
    lines: tuple[Line, ...] = tuple(_told(body) for body in told)
    blocks: list[Block] = [Items(lines)] if lines else []
    if not told:
        blocks.append(
            text("It is under way; its end is said in the incident's room, whatever becomes of this process.")
        )
    left = [f"{one.brake} {one.key}".strip() for one in incident.stopped]
    blocks.append(text(f"Still stopped: {words.listed(left)}." if left else "Nothing is stopped."))
    buttons = [say("Resume…", f"/recovery resume --of {incident.id}")] if left else []
    blocks.append(Buttons((*buttons, say("Show the board", f"/incident status --of {incident.id}"))))
    title = "It did not work as asked" if failed else "Done" if told else "Under way"
    return Card(title, tuple(blocks), Tone.BAD if failed else Tone.WARNING if left else Tone.GOOD)


def _told(body: Braked | Acted) -> Line:
    if isinstance(body, Braked):
        return (Bold(f"{body.brake} {'stopped' if body.on else 'goes on'}:"), " ", body.effect)
    return (Bold(f"{body.action}:"), " ", body.effect)


def _stopped(one: Stopped) -> Line:
    return (Bold(_NAMES[one.brake]), " since ", When(one.since), f". {one.effect}")


def _line(sentence: str) -> Line:
    """A sentence with its `code` and its **weight**."""
    line: list[Span] = []
    for place, part in enumerate(sentence.split("**")):
        line += [Bold(part)] if place % 2 else prose(part)
    return tuple(line)
