"""Knows how to ask the TypeScript compiler what Slack's own types say against payloads. Knows nothing of how they came.

A payload written as a literal is held to the type in every key: a block that is not known, a wrong text object, a key
too many are all errors.
"""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_TYPES = """import type { KnownBlock, ModalView } from "@slack/types";
type Modal = Omit<ModalView, "blocks"> & { blocks: KnownBlock[] };
"""


def complaints(payloads: Mapping[str, Any], node: Mapping[str, str], folder: Path) -> dict[str, str]:
    """What the compiler says against each payload (a list of blocks, or a modal), by name; {} where all is well."""
    names = list(payloads)
    for place, name in enumerate(names):
        payload = payloads[name]
        kind = "KnownBlock[]" if isinstance(payload, list) else "Modal"
        source = f"{_TYPES}export const payload: {kind} = {json.dumps(payload, indent=1)};\n"
        (folder / f"payload{place}.ts").write_text(source, "utf-8")
    types = str(Path(node["modules"]) / "@slack" / "types" / "dist" / "index.d.ts")
    settings = {
        "compilerOptions": {"strict": True, "noEmit": True, "types": [], "paths": {"@slack/types": [types]}},
        "include": ["*.ts"],
    }
    (folder / "tsconfig.json").write_text(json.dumps(settings))
    compiler = [node["node"], node["tsc"], "--project", str(folder), "--pretty", "false"]
    run = subprocess.run(compiler, cwd=folder, capture_output=True, text=True, timeout=120)
    lines = run.stdout.splitlines()
    found = {
        name: "\n".join(line for line in lines if line.startswith(f"payload{place}.ts("))
        for place, name in enumerate(names)
    }
    said = {name: words for name, words in found.items() if words}
    if run.returncode and not said:
        raise AssertionError(f"the compiler could not judge: {run.stdout}{run.stderr}")
    return said
