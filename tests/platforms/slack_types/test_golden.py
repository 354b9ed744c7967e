"""Slack's own TypeScript types take every golden payload, and would refuse what is wrong with one."""

import json
from pathlib import Path

from tests.platforms.cards import GOLDEN
from tests.platforms.slack_types.compile import complaints

FILES = Path(__file__).parents[2] / "golden" / "slack"


def test_slacks_own_types_take_every_golden_payload(node: dict[str, str], tmp_path: Path) -> None:
    drawn = {name: json.loads((FILES / f"{name}.json").read_text("utf-8")) for name in GOLDEN}
    payloads = {name: one["blocks"] if "text" in one else one for name, one in drawn.items()}
    assert complaints(payloads, node, tmp_path) == {}


def test_slacks_own_types_refuse_what_is_wrong(node: dict[str, str], tmp_path: Path) -> None:
    words = {"type": "plain_text", "text": "x"}
    wrong = {
        "unknown block": [{"type": "heading", "text": words}],
        "markup in a header": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        "style": [{"type": "actions", "elements": [{"type": "button", "text": words, "style": "warning"}]}],
        "key too many": [{"type": "divider", "colour": "red"}],
        "modal without a title": {"type": "modal", "blocks": [{"type": "divider"}]},
        "unknown block in a modal": {"type": "modal", "title": words, "blocks": [{"type": "question"}]},
    }
    assert set(complaints({**wrong, "sound": [{"type": "divider"}]}, node, tmp_path)) == set(wrong)
