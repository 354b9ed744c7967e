"""The simulator as a process of its own: two deployments, gone when nobody needs them."""

import asyncio
import json
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx

ARGUMENTS = ("-m", "bot.simulator", "--size-mb", "1")


async def ready(process: asyncio.subprocess.Process) -> dict[str, dict[str, str]]:
    assert process.stdout is not None
    found: dict[str, dict[str, str]] = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
    return found


async def test_one_process_serves_production_and_an_older_smaller_staging(datasets: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *ARGUMENTS, "--folder", str(datasets), stdout=asyncio.subprocess.PIPE
    )
    try:
        told = await ready(process)
        counts = {}
        async with httpx.AsyncClient() as http:
            for name in ("production", "staging"):
                asked = {"path": "_system/cli/tableSize", "args": {"tableName": "posts"}}
                headers = {"Authorization": f"Convex {told[name]['key']}"}
                answer = await http.post(f"{told[name]['url']}/api/query", json=asked, headers=headers)
                counts[name] = answer.json()["value"]
            crossed = {"Authorization": f"Convex {told['production']['key']}"}
            refused = await http.get(f"{told['staging']['url']}/api/check_admin_key", headers=crossed)
            token = {"Simulator-Token": told["control"]["token"]}
            other = f"{told['production']['url']}/simulator/dead?deployment={told['staging']['name']}"
            assert (await http.post(other, headers=token)).status_code == 200
            inbox = f"{told['production']['url']}/simulator/support"
            support = (await http.post(inbox, headers=token)).json()
        assert (support["port"], support["letters"]) == (told["support"]["port"], [])
        reader, writer = await asyncio.open_connection(told["support"]["host"], told["support"]["port"])
        assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"220 ")
        writer.close()
    finally:
        process.terminate()
        status = await asyncio.wait_for(process.wait(), 10)

    assert 0 < counts["staging"] < counts["production"]
    assert refused.status_code == 401
    assert status == 0


async def test_the_process_ends_with_its_parent(datasets: Path) -> None:
    starter = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, *sys.argv[1:], '--parent-pid', str(os.getpid())])\n"
        "print(child.pid, file=sys.stderr, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        starter,
        *ARGUMENTS,
        "--folder",
        str(datasets),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    url = (await ready(parent))["production"]["url"]
    parent.kill()
    await parent.wait()

    deadline = time.monotonic() + 20
    async with httpx.AsyncClient() as http:
        answered = True
        while answered and time.monotonic() < deadline:
            answered = False
            with suppress(httpx.TransportError):
                answered = (await http.get(f"{url}/instance_name")).status_code == 200
            await asyncio.sleep(0.1)
    assert not answered
