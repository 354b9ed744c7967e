"""Knows how tests run the real child on a file. Knows nothing of what is in the file."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.domain.snapshot import Expectations, Finding, Report
from bot.snapshots.__main__ import main


class Checked(NamedTuple):
    """What the child said, what it exited with, and the most memory it held, in bytes."""

    report: Report
    status: int
    memory: int

    def finding(self, code: str) -> Finding:
        """The one finding of this code."""
        (found,) = [finding for finding in self.report.findings if finding.code == code]
        return found


Check = Callable[..., Checked]


@pytest.fixture
def check() -> Check:
    """Run the child's main in a fork, which spares it the imports; memory is that of the tests, so unknown."""

    def run(path: Path, expectations: Expectations | None = None) -> Checked:
        output, theirs = os.pipe()
        child = os.fork()
        if not child:
            status = 99
            try:
                os.close(output)
                sys.argv = ["bot.snapshots", str(path), "--expectations"]
                sys.stdin = io.StringIO((expectations or Expectations()).model_dump_json())
                sys.stdout = os.fdopen(theirs, "w")
                status = main()
                sys.stdout.flush()
            finally:
                os._exit(status)
        os.close(theirs)
        with os.fdopen(output) as stream:
            *_, last = stream
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return Checked(Report.model_validate_json(last), status, 0)

    return run


@pytest.fixture
def check_in_child() -> Check:
    """Run `python -m bot.snapshots` as the bot does, and give its report, exit status and memory."""

    def run(path: Path, expectations: Expectations | None = None) -> Checked:
        command = [sys.executable, "-m", "bot.snapshots", str(path), "--expectations"]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        output, complaint = process.communicate(
            (expectations or Expectations()).model_dump_json().encode(), timeout=120
        )
        assert process.returncode in (0, 1, 2) and not complaint, complaint.decode()
        report = Report.model_validate(json.loads(output.splitlines()[-1]))
        assert report.peak_memory is not None
        return Checked(report, process.returncode, report.peak_memory)

    return run
