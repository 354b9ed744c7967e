"""`make bench`: run the benchmarks and print their tables; name some to run only those."""

import sys
import time

from benchmarks import chat, download, drills, incidents, loop_lag, service, verify

SIZES = [50, 500, 2000]
BENCHES = {
    "verify": lambda: verify.main(SIZES),
    "loop_lag": loop_lag.main,
    "download": download.main,
    "service": service.main,
    "chat": chat.main,
    "incidents": incidents.main,
    "drills": drills.main,
}


def main() -> None:
    """Run what was named, or everything."""
    wanted = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in wanted if name not in BENCHES]
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(BENCHES)}.")
    for name in wanted:
        begun = time.perf_counter()
        print(f"## {name}\n\n{BENCHES[name]()}\n\n{time.perf_counter() - begun:.0f} s\n", flush=True)


if __name__ == "__main__":
    main()
