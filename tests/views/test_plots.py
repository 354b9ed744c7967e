"""What plots say in words, as bars of text, and how they are drawn: readable, in UTC, in order, with nothing lost."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.adapters.charts import VegaCharts
from bot.chat.cards import Tone
from bot.domain.error_rates import ErrorCount
from bot.views.plots import Entry, error_rate, on_dark_pages_too, spark, timeline
from bot.views.plots.style import PAGE, TONES

START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def counted(first: int, *errors: int, step: timedelta = MINUTE) -> list[ErrorCount]:
    return [ErrorCount(START + MINUTE * first + step * at, one) for at, one in enumerate(errors)]


BEFORE, DURING = counted(0, 1, 1, 2, 0), counted(4, 40, 60, 20, 0)


def texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ((1, 1, 2, 1), "Errors are back to normal: 1.2 a minute"),
        ((9, 11, 10, 10), "Errors are not back to normal: 10 a minute, 10 times as many as before"),
        ((), "Errors during the incident: 30 a minute, 30 times as many as before"),
    ],
)
def test_a_plot_of_errors_says_whether_they_are_back_to_normal(after: tuple[int, ...], said: str) -> None:
    plot = error_rate(BEFORE, DURING, counted(8, *after))
    assert plot.spec["title"]["text"] == said
    assert plot.alt.startswith(f"{said}. Before 1 a minute, at most 2; during 30 a minute, at most 60")


def test_errors_that_were_counted_in_longer_steps_are_compared_by_the_minute() -> None:
    plot = error_rate(BEFORE, (), counted(10, 5, 5, step=timedelta(minutes=5)))
    assert plot.spec["title"]["text"] == "Errors are back to normal: 1 a minute"


def test_the_moments_of_a_plot_are_said_too_in_their_order_and_those_beyond_it_are_left_out() -> None:
    zurich = timezone(timedelta(hours=1))
    marks = {
        "Noticed": START + MINUTE * 5,
        "Happened": (START + MINUTE * 4).astimezone(zurich),
        "Long ago": START - MINUTE,
    }
    assert error_rate(BEFORE, DURING, (), marks).alt.endswith(" Happened at 02:04 UTC. Noticed at 02:05 UTC.")


def test_nothing_is_plotted_where_nothing_was_counted() -> None:
    with pytest.raises(ValueError, match="nothing to plot"):
        error_rate((), (), ())


async def test_a_plot_of_errors_is_drawn_with_its_finding_its_parts_its_moments_and_utc() -> None:
    drawn = texts(await VegaCharts().svg(error_rate(BEFORE, DURING, (), {"Noticed": START + MINUTE * 5}).spec))
    assert {"Noticed 02:05", "before 1", "during 30", "UTC", "02:04"} <= set(drawn)
    assert any(one.startswith("Errors during the incident: 30 a minute") for one in drawn)


# --- the timeline ----------------------------------------------------------------------------------------------------

STEPS = [
    Entry(START + MINUTE * 9, "Restore", "Ada Okafor", Tone.GOOD, START + MINUTE * 61),
    Entry(START, "Define the scope", "Ben Ito", Tone.GOOD, START + MINUTE * 8),
    Entry(START + MINUTE * 30, "Letter sent", "Ada Okafor", Tone.WORKING),
]


def test_a_timeline_says_how_long_it_took_and_what_took_longest() -> None:
    plot = timeline(STEPS, {"Recovered": START + MINUTE * 60})
    assert plot.spec["title"]["text"] == "1 h 1 min in all; longest: Restore, 52 min"
    assert plot.alt == (
        "Timeline of 2 steps and 1 event, 02:00 to 03:01 UTC. "
        "1 h 1 min in all; longest: Restore, 52 min. Recovered at 03:00 UTC."
    )


async def test_the_rows_of_a_timeline_are_in_the_order_of_time_with_who_had_them_and_how_long() -> None:
    drawn = texts(await VegaCharts().svg(timeline(STEPS).spec))
    rows = [one for one in drawn if one in {entry.label for entry in STEPS}]
    assert rows == ["Define the scope", "Restore", "Letter sent"]
    assert {"Ben Ito · 8 min", "Ada Okafor · 52 min", "Ada Okafor"} <= set(drawn)


async def test_a_moment_without_any_length_and_words_that_look_like_markup_are_drawn() -> None:
    entry = Entry(START, '<script>x</script> & "quotes"', "<b>", until=None)
    svg = await VegaCharts().svg(timeline([entry], {"<i>": START}).spec)
    assert "<script" not in svg and "<b>" not in svg and "&lt;script&gt;" in svg


def test_of_a_long_timeline_the_first_rows_are_drawn_and_the_others_counted() -> None:
    plot = timeline([Entry(START + MINUTE * at, f"Event {at}") for at in range(40)])
    assert plot.spec["title"]["subtitle"] == "40 events · 22 November 2026 · 16 more rows"


async def test_a_timeline_over_midnight_names_both_days() -> None:
    plot = timeline([Entry(START, "a", until=START + timedelta(hours=30))])
    assert plot.spec["title"]["subtitle"] == "1 step · 22 November to 23 November 2026"
    assert any(re.fullmatch(r"2[23] Nov \d\d:\d\d", one) for one in texts(await VegaCharts().svg(plot.spec)))


def test_nothing_is_plotted_where_nothing_happened() -> None:
    with pytest.raises(ValueError, match="nothing to plot"):
        timeline(())


def test_the_flags_of_moments_never_stand_on_one_another() -> None:
    marks = {name: START + MINUTE * at for name, at in {"One": 0, "Two": 1, "Three": 2, "Four": 40, "Five": 61}.items()}
    flags = next(one["data"]["values"] for one in timeline(STEPS, marks).spec["layer"] if "top" in str(one["encoding"]))
    height = {flag["words"].split()[0]: -flag["top"] for flag in flags}
    assert height["One"] > height["Two"] > height["Three"] == height["Four"] == height["Five"]


# --- every plot ------------------------------------------------------------------------------------------------------


def test_bars_of_text_are_at_most_forty_and_keep_the_shape() -> None:
    assert spark([]) == ""
    assert spark([1, 2]) == "▁█"
    line = spark([*[0] * 100, *[9] * 100])
    assert len(line) == 40 and line == "▁" * 20 + "█" * 20
    assert all(len(spark(range(count))) == min(count, 40) for count in range(1, 300))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_every_colour_stands_out_from_its_page_be_it_light_or_dark() -> None:
    turned = dict(re.findall(r'\[fill="(#\w+)"\]\{fill:(#\w+)\}', on_dark_pages_too("<svg></svg>")))
    for colour in TONES.values():
        assert contrast(colour, PAGE) >= 3
        assert contrast(turned[colour], turned[PAGE]) >= 3


def test_who_does_not_tell_red_from_green_tells_what_is_good_from_what_is_bad() -> None:
    good, bad, warning = (deuteranope(TONES[tone]) for tone in (Tone.GOOD, Tone.BAD, Tone.WARNING))
    for other in (bad, warning):
        assert sum((a - b) ** 2 for a, b in zip(good, other, strict=True)) ** 0.5 > 60


def deuteranope(colour: str) -> tuple[float, ...]:
    """A colour as somebody without the green receptor sees it (Viénot, Brettel and Mollon, 1999), roughly."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return (0.29275 * red + 0.70725 * green, 0.29275 * red + 0.70725 * green, -0.02234 * red + 0.02234 * green + blue)
