"""Knows how to work some items ahead in a thread. Knows nothing of what the items are."""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
DEPTH = 4


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The same items, made in a thread up to four ahead of their use; what it raises is raised here."""
    ready: queue.Queue[Item | _End] = queue.Queue(DEPTH)

    def work() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                ready.put(item)
        except BaseException as caught:  # noqa: BLE001 - raised again where the items are used
            error = caught
        ready.put(_End(error))

    threading.Thread(target=work, daemon=True).start()
    while True:
        item = ready.get()
        if isinstance(item, _End):
            if item.error is not None:
                raise item.error
            return
        yield item
