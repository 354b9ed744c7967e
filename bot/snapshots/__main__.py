"""Knows the child process of a check: `python -m bot.snapshots FILE`. Knows nothing of who asked for it.

With `--expectations` they are read as JSON from standard input. Standard output is JSON lines: `{"progress": ...}` at
most four times a second, then the report. The exit status is the verdict's: 0 sound, 1 findings, 2 unreadable.
"""

import argparse
import gc
import json
import os
import sys
from pathlib import Path

from bot.domain.snapshot import Expectations, Progress
from bot.snapshots.verify import Check

NICENESS = 10
COLLECT_AFTER = 50_000


def main() -> int:
    """Check one file and say what was found."""
    parser = argparse.ArgumentParser(prog="python -m bot.snapshots", description="Check a Convex snapshot export.")
    parser.add_argument("file")
    parser.add_argument("--expectations", action="store_true", help="read them as JSON from standard input")
    arguments = parser.parse_args()
    _stand_back()
    # Documents make no cycles, and looking for them among millions of short-lived objects costs a fifth of the time.
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
    given = sys.stdin.read() if arguments.expectations else ""
    expectations = Expectations.model_validate_json(given) if given else Expectations()
    try:
        report = Check(arguments.file, expectations, _say).run()
        sys.stdout.write(report.model_dump_json() + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever asked is gone; leave without a word, and without the interpreter's own flush complaining.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    return report.verdict.exit_status


def _stand_back() -> None:
    """Let everything else on the machine go first."""
    os.nice(NICENESS)
    # Linux may share the processor out by session, and niceness then counts inside one only. A session of our own,
    # as the bot starts it, is made nice as a whole; a person's terminal is left alone.
    if os.getsid(0) == os.getpid():
        try:
            Path("/proc/self/autogroup").write_text(str(NICENESS))
        except OSError:
            pass


def _say(progress: Progress) -> None:
    sys.stdout.write(json.dumps({"progress": progress.model_dump()}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
