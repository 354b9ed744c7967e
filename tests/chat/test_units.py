"""How long a text is, and what is left of one that is too long."""

from hypothesis import given
from hypothesis import strategies as st

from bot.chat.units import cut, length

WORDS = st.text(st.sampled_from("aé €😀🛟\ud800\n"), max_size=60)


@given(WORDS)
def test_a_text_is_as_long_as_it_is_in_utf_16(words: str) -> None:
    assert length(words) == len(words.encode("utf-16-le", "surrogatepass")) // 2


@given(WORDS, st.integers(1, 70))
def test_a_text_is_cut_to_as_much_of_its_beginning_as_there_is_room_for(words: str, most: int) -> None:
    shown = cut(words, most)
    if length(words) <= most:
        assert shown == words
        return
    assert length(shown) <= most
    kept = shown.removesuffix("…")
    assert words.startswith(kept)
    assert length(words[: len(kept) + 1] + "…") > most or words[len(kept)].isspace()
