"""Log lines: an event and its fields, and never what a variable held."""

import json
import subprocess
import sys

import pytest

FAILING = """
import structlog
from bot.logs import configure
configure(as_json={as_json})
def fetch(key):
    raise ValueError("no answer")
try:
    fetch("prod:happy-otter-123|hunter2")
except ValueError:
    structlog.get_logger().exception("fetch_failed", environment="production")
"""


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_names_the_line_and_no_variable(as_json: bool) -> None:
    program = FAILING.format(as_json=as_json)
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    assert "fetch_failed" in said
    assert "no answer" in said
    assert "hunter2" not in said


def test_a_json_line_is_one_object_with_its_fields() -> None:
    program = FAILING.format(as_json=True)
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    line = json.loads(said)
    assert (line["event"], line["environment"], line["level"]) == ("fetch_failed", "production", "error")
