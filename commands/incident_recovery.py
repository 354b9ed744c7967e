"""What people can say to see that a recovery worked, and to tell others. Thin: read, decide, show."""

from typing import Annotated

from bot.chat.cards import Buttons, Card, Tone, text
from bot.chat.declare import Help, Rest, Suggest
from bot.domain.incident_events import Restored
from bot.domain.people import Role
from bot.house import Context
from bot.operations import announcing, integrity, suites, watching
from bot.operations import incidents as acting
from bot.views.actions import say
from commands.choices import copies
from commands.incident_group import Of, real
from commands.incident_group import recovery as group

CopyArgument = Annotated[str | None, Help("Which copy; the newest verified one if left out"), Suggest(copies)]
GoodArgument = Annotated[
    str | None, Help("The copy to hold it against; the last good one if left out"), Suggest(copies)
]


@group.command(needs=Role.OPERATOR)
async def restored(
    ctx: Context,
    what: Annotated[str, Help("What was brought back, such as the table users")],
    *,
    source: Annotated[str, Help("From which copy, such as its id or Convex's own backup")],
    how: Annotated[str, Help("How, such as npx convex import --replace, or by Convex's support")],
    of: Of = None,
) -> Card:
    """Record that data was brought back by hand: what, from which copy, and how."""
    incident = await real(ctx, of)
    body = Restored(what=what.strip(), source=source.strip(), how=how.strip())
    await acting.act(ctx.house, incident.id, ctx.by, lambda _: (body,))
    fresh = say("Take a fresh copy", f"/backup export {incident.environment}", "primary")
    compare = say("Compare", f"/recovery integrity --of {incident.id}")
    told = "A fresh copy, once verified, shows by comparison whether anything is missing."
    return Card(f"Recorded: {body.what} was restored from {body.source}.", (text(told), Buttons((fresh, compare))))


@group.command(needs=Role.OPERATOR, private=False)
async def integrity_(ctx: Context, copy: CopyArgument = None, against: GoodArgument = None, *, of: Of = None) -> Card:
    """Compare the newest verified copy with the last good one from before the target, table by table."""
    incident = await real(ctx, of)
    return await integrity.compare(ctx.house, incident, ctx.by, copy, against)


@group.command(needs=Role.OPERATOR, private=False)
async def test_(ctx: Context, *, of: Of = None) -> None:
    """Run the test suite, and show how it goes."""
    await suites.begin(ctx.house, await real(ctx, of), ctx.by, ctx.place)


@group.command(needs=Role.OPERATOR)
async def cancel_test(ctx: Context, *, of: Of = None) -> Card:
    """Stop the test suite that is running."""
    await suites.cancel(ctx.house, await real(ctx, of), ctx.by)
    return Card("Stopping the tests. Their card says when they have stopped.")


@group.command()
async def watch(ctx: Context, *, of: Of = None) -> Card:
    """Show how many errors there are, before, during and after; watch them for as long as the plan says."""
    return await watching.now_card(ctx.house, await real(ctx, of))


@group.command(needs=Role.OPERATOR)
async def announce(
    ctx: Context,
    news: Annotated[str, Help("What everybody should know, in one or two sentences"), Rest()],
    *,
    of: Of = None,
) -> Card:
    """Tell the announcement channels, the mailing list, and the incident's rooms on every platform."""
    incident = await real(ctx, of)
    where = await announcing.announce(ctx.house, incident, news, ctx.by)
    return Card("Announced.", (text(where),), Tone.GOOD)
