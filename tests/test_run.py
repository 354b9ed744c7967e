"""While it runs, the bot keeps nobody waiting for what it has loaded."""

import subprocess
import sys

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
