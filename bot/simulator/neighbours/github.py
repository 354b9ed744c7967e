"""Knows one repository with one workflow that tests it. Knows no real GitHub.

Shapes as in https://docs.github.com/rest/actions, reduced to what clients read.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from time import time
from typing import Any

from aiohttp import web

TOKEN = "github-token-of-the-demo"  # noqa: S105 - opens nothing but the stand-in
REPOSITORY = "campus/campus-connect"
WORKFLOW = "test.yml"
BRANCH = "main"
STEPS = ("Set up job", "Check out the code", "Install packages", "Run the tests", "Complete job")
SUMMARIES = {
    "success": ("Test Suites: 7 passed, 7 total", "Tests:       3 skipped, 61 passed, 64 total"),
    "failure": ("Test Suites: 1 failed, 6 passed, 7 total", "Tests:       2 failed, 3 skipped, 59 passed, 64 total"),
}
FIRST_RUN = 16_000_000_000


@dataclass
class Run:
    """One run, which ends by itself unless it is cancelled."""

    id: int
    began: float
    seconds: float
    outcome: str
    cancelled_at: float | None = None

    def share(self, now: float) -> float:
        """How much of it has passed, from 0 to 1."""
        end = now if self.cancelled_at is None else self.cancelled_at
        return 1.0 if not self.seconds else min(1.0, (end - self.began) / self.seconds)

    def conclusion(self, now: float) -> str | None:
        if self.cancelled_at is not None:
            return "cancelled"
        return self.outcome if self.share(now) >= 1 else None


class GitHub:
    """The repository, and switches: `run_seconds`, `outcome` (success, failure), `tells_run` (no: as before 2026)."""

    def __init__(self, run_seconds: float = 6.0) -> None:
        self.run_seconds = run_seconds
        self.outcome = "success"
        self.tells_run = True
        self.runs: list[Run] = []

    def routes(self) -> list[web.RouteDef]:
        actions = f"/repos/{REPOSITORY}/actions"
        return [
            web.post(f"{actions}/workflows/{{workflow}}/dispatches", self._dispatch),
            web.get(f"{actions}/workflows/{{workflow}}/runs", self._list),
            web.get(f"{actions}/runs/{{run}}", self._one),
            web.get(f"{actions}/runs/{{run}}/jobs", self._jobs),
            web.post(f"{actions}/runs/{{run}}/cancel", self._cancel),
            web.get(f"{actions}/jobs/{{run}}/logs", self._logs),
        ]

    def start(self) -> Run:
        """A run of the workflow, as from the repository's Actions page."""
        made = Run(FIRST_RUN + len(self.runs), time(), self.run_seconds, self.outcome)
        self.runs.append(made)
        return made

    async def _dispatch(self, request: web.Request) -> web.Response:
        if request.match_info["workflow"] != WORKFLOW:
            return _refusal(404, "Not Found")
        given = await request.json()
        if given.get("ref") != BRANCH:
            return _refusal(422, f"No ref found for: {given.get('ref')}")
        if given.get("inputs"):
            return _refusal(422, f"Unexpected inputs provided: {sorted(given['inputs'])}")
        run = self.start()
        if not (given.get("return_run_details") and self.tells_run):
            return web.Response(status=204)
        links = _links(run)
        details = {"workflow_run_id": run.id, "run_url": links["url"], "html_url": links["html_url"]}
        return web.json_response(details)

    async def _list(self, request: web.Request) -> web.Response:
        if request.match_info["workflow"] != WORKFLOW:
            return _refusal(404, "Not Found")
        newest = self.runs[::-1][: int(request.query.get("per_page", 30))]
        return web.json_response({"total_count": len(self.runs), "workflow_runs": [_shown(run) for run in newest]})

    async def _one(self, request: web.Request) -> web.Response:
        run = self._found(request)
        return _refusal(404, "Not Found") if run is None else web.json_response(_shown(run))

    async def _jobs(self, request: web.Request) -> web.Response:
        run = self._found(request)
        if run is None:
            return _refusal(404, "Not Found")
        now = time()
        conclusion, passed = run.conclusion(now), int(run.share(now) * len(STEPS))
        steps = [
            {
                "number": number,
                "name": name,
                "status": "completed" if number <= passed else "queued",
                "conclusion": ("failure" if run.outcome == "failure" and name == "Run the tests" else "success")
                if number <= passed
                else None,
            }
            for number, name in enumerate(STEPS, 1)
        ]
        status = "completed" if conclusion else "in_progress"
        job = {
            "id": run.id,
            "run_id": run.id,
            "name": "test",
            "status": status,
            "conclusion": conclusion,
            "steps": steps,
        }
        return web.json_response({"total_count": 1, "jobs": [job]})

    async def _cancel(self, request: web.Request) -> web.Response:
        run = self._found(request)
        if run is None:
            return _refusal(404, "Not Found")
        if run.conclusion(time()) is not None:
            return _refusal(409, "Cannot cancel a workflow run that is completed.")
        run.cancelled_at = time()
        return web.json_response({}, status=202)

    async def _logs(self, request: web.Request) -> web.Response:
        """Where the log is, as GitHub gives it: elsewhere, for a minute, for whoever has the address."""
        run = self._found(request)
        if run is None:
            return _refusal(404, "Not Found")
        return web.Response(status=302, headers={"Location": f"/github/logs/{run.id}?sig=short-lived"})

    async def log(self, request: web.Request) -> web.Response:
        """The text of a log; its address is the permission to read it."""
        run = self._found(request)
        lines = ["##[group]Run npx jest convex", "npx jest convex", "##[endgroup]"]
        if run is not None and (conclusion := run.conclusion(time())) in SUMMARIES:
            lines += [
                "PASS convex/users.test.ts",
                *SUMMARIES[str(conclusion)],
                "Ran all test suites matching /convex/i.",
            ]
        else:
            lines.append("##[error]The operation was canceled.")
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
        return web.Response(text="\ufeff" + "".join(f"{stamp} {line}\n" for line in lines))

    def _found(self, request: web.Request) -> Run | None:
        wanted = request.match_info["run"]
        return next((run for run in self.runs if str(run.id) == wanted), None)


def _links(run: Run) -> dict[str, str]:
    return {
        "url": f"https://api.github.com/repos/{REPOSITORY}/actions/runs/{run.id}",
        "html_url": f"https://github.com/{REPOSITORY}/actions/runs/{run.id}",
    }


def _shown(run: Run) -> dict[str, Any]:
    conclusion = run.conclusion(time())
    created = datetime.fromtimestamp(run.began, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "id": run.id,
        "name": "test",
        "path": f".github/workflows/{WORKFLOW}@{BRANCH}",
        "event": "workflow_dispatch",
        "head_branch": BRANCH,
        "run_number": run.id - FIRST_RUN + 1,
        "status": "completed" if conclusion else "in_progress",
        "conclusion": conclusion,
        "created_at": created,
        "updated_at": created,
        **_links(run),
    }


def _refusal(status: int, message: str) -> web.Response:
    body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
    return web.json_response(body, status=status)
