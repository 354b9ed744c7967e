"""Knows how rehearsals are shown: what can be practised, a hint, the points and the story. Knows no rule of either."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.chat.cards import Block, Bold, Buttons, Card, Choice, Heading, Items, Line, Pick, Table, Tone, text
from bot.domain import drill_moves
from bot.domain.backups import Backup
from bot.domain.drill_events import Hinted, Scored
from bot.domain.incident_events import IncidentId
from bot.domain.incidents import Incident
from bot.domain.plan import Plan, RehearsalPlan
from bot.domain.plan_rehearsals import SURPRISE
from bot.views import words
from bot.views.actions import SAY, say
from bot.views.copies import label, tone_of
from bot.views.incident import rooms_line
from bot.views.incident_steps import name_of
from bot.views.prose import prose

_GOOD, _FAIR = 80, 50


def begun_rehearsal_card(incident: Incident, *, new: bool) -> Card:
    """The answer to whoever began it."""
    rooms = rooms_line(incident)
    where = (
        ("It goes on in ", *rooms, ".") if rooms else ("A room of its own is being opened: go there, and follow it.",)
    )
    title = "The rehearsal has begun." if new else "A rehearsal is under way already: there is one at a time."
    show = say("Show the board", f"/drill status --of {incident.id}", "primary")
    end = say("Cancel it…", f"/drill cancel --of {incident.id}", "danger")
    return Card(title, (text(*where), Buttons((show,) if new else (show, end))), Tone.WORKING)


def announced_rehearsal_card(incident: Incident, plan: Plan) -> Card:
    """What a channel is told of it: that nobody needs to worry, and where to join in."""
    drill, by = incident.drill, name_of(incident, plan, incident.opened_by)
    assert drill is not None
    if incident.closed_at is not None:
        told = f": {drill.score.total} of 100 points" if drill.score is not None else ", without points"
        return Card(f"The rehearsal is over{told}.")
    rooms = rooms_line(incident)
    where = (" Whoever wants to join in: ", *rooms, ".") if rooms else ()
    told_ = text(
        f"{by} practises on a simulated production. Nothing real is touched; nobody needs to do anything.", *where
    )
    return Card("A rehearsal has begun.", (told_,))


def first_rehearsal_card(incident: Incident) -> Card:
    """The first message of its room: what will happen, and what there is to do."""
    mine = [str(incident.number(one.key)) for one in incident.checklist if drill_moves.automation_of(one)]
    lines: tuple[Line, ...] = (
        (
            Bold("A simulated production "),
            "is about to break. Find out how, choose a copy from before, and restore it.",
        ),
        (Bold("Nothing real is touched. "), "Whatever you press here, only the simulation hears of it."),
        (Bold("Lifeboat does "), f"the steps {words.listed(mine, 9)} by itself. It says below when it is your turn."),
        (Bold("You are given points "), "for time, for the right copy, and for what is back. A hint costs some."),
    )
    cancel = say("Cancel it…", f"/drill cancel --of {incident.id}", "danger")
    return Card("How a rehearsal goes", (Items(lines), Buttons((cancel,))), Tone.WORKING)


def scenarios_card(plan: RehearsalPlan, best: Mapping[str, int]) -> Card:
    """What can be practised, with the best points so far. Whoever wants to be surprised reads no further."""
    begin = "/drill start --rehearsal --scenario"
    lines: list[Line] = [
        (
            Bold(one.title),
            f" · {one.key} · " + (f"best: {best[one.key]} points" if one.key in best else "not tried yet"),
        )
        for one in plan.scenarios
    ]
    blocks: tuple[Block, ...] = (
        text("Something goes wrong in a simulated production: find out what, and restore it. Nothing real is touched."),
        Buttons((say("Surprise me", f"{begin} {SURPRISE}", "primary"),)),
        Items(tuple(lines)),
        Buttons(tuple(say(one.title, f"{begin} {one.key}") for one in plan.scenarios)),
    )
    return Card("What can be rehearsed", blocks)


def choose_card(copies: Sequence[Backup], incident: IncidentId, now: datetime) -> Card:
    """The copies of a rehearsal, to choose the one that is restored."""
    if not copies:
        return Card("There is no copy of this rehearsal yet.", (text("Lifeboat takes the first one by itself."),))
    rows = tuple(
        (
            (one.id,),
            (f"{one.snapshot_at:%H:%M:%S} UTC",),
            (f"{one.rows:,}" if one.rows is not None else "–",),
            (_worth(one),),
        )
        for one in copies
    )
    choices = tuple(Choice(label(one, now)[:75], one.id) for one in copies)
    blocks: tuple[Block, ...] = (
        Table(("Copy", "Data as of", "Rows", "Check"), rows, numeric=(2,), tones=tuple(map(tone_of, copies))),
        Pick("Restore this one", SAY(f"/drill use --of {incident}"), choices),
        Pick("Show the report of", SAY("/backup report"), choices),
    )
    return Card("Which copy shall be restored?", blocks)


def chosen_card(incident: Incident) -> Card:
    """What follows from the choice of a copy."""
    assert incident.drill is not None
    assert incident.drill.tested is not None
    told = text("Lifeboat uploads it now. Then Convex says what it would write, and you are asked whether to go on.")
    return Card(f"{incident.drill.tested.copy_id} is to be restored.", (told,), Tone.WORKING)


def hint_card(hint: Hinted, cost: int) -> Card:
    """A hint, and what it costs."""
    return Card(hint.text, (), Tone.NEUTRAL, (f"A hint costs {cost} of 100 points; this one is not charged again.",))


def score_card(score: Scored) -> Card:
    """The points with their reasons, how they compare, and what had happened."""
    rows = tuple(((one.title,), (_points(one.points, one.most),), (one.why,)) for one in score.lines)
    blocks: list[Block] = [
        text(_compared(score)),
        Table(("For", "Points", "Why"), rows, numeric=(1,)),
        Heading(f"What had happened: {score.title}"),
        text(*prose(score.story)),
        Buttons(
            (
                say("Once more", f"/drill start --rehearsal --scenario {score.scenario}", "primary"),
                say("A surprise", f"/drill start --rehearsal --scenario {SURPRISE}"),
                say("What can be rehearsed", "/drill scenarios"),
            )
        ),
    ]
    tone = Tone.GOOD if score.total >= _GOOD else Tone.WARNING if score.total >= _FAIR else Tone.BAD
    return Card(f"{words.many(score.total, 'point')} of 100", tuple(blocks), tone)


def _worth(copy: Backup) -> str:
    if copy.verdict is None:
        return "not checked"
    return "would be restored" if copy.restorable else "damaged"


def _points(points: int, most: int) -> str:
    return f"{points} of {most}" if most else f"{points}"


def _compared(score: Scored) -> str:
    if score.best is None or score.last is None:
        return "The first time with this scenario."
    change = score.total - score.last
    than = f"{abs(change)} {'more' if change > 0 else 'fewer'} than" if change else "as many as"
    best = f"a new best, before it was {score.best}" if score.total > score.best else f"the best so far is {score.best}"
    return f"That is {than} the last time; {best}."
