"""While it starts and runs, the bot keeps nobody waiting for what it has loaded."""

import gc
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from bot import __main__ as command_line

PROGRAM = """
import gc, time
from bot import app, run
from bot.platforms.discord import listen
from bot.platforms.slack import listen

def search():
    begun = time.thread_time()
    gc.collect()
    return time.thread_time() - begun

search()
before = search()
run.keep_apart_what_stays()
print(before, search())
"""


def test_a_search_for_garbage_leaves_out_what_was_loaded_to_start() -> None:
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    before, after = map(float, told.stdout.split())
    assert after < before / 10


def test_no_garbage_is_looked_for_while_it_loads_and_all_of_it_while_it_works() -> None:
    async def looked_for() -> int:
        return 0 if gc.isenabled() else 1

    mask = os.umask(0o077)  # which the command line sets
    try:
        CliRunner().invoke(command_line.main, ["manifest", "slack"])
        assert not gc.isenabled()
        with pytest.raises(SystemExit) as ended:
            command_line._go(looked_for)
        assert ended.value.code == 0
    finally:
        gc.enable()
        os.umask(mask)
