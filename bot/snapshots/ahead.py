"""Knows how to work some items ahead in a thread. Knows nothing of what the items are."""

import threading
from collections.abc import Iterable, Iterator
from queue import SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")
DEPTH = 4


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The same items, made in a thread up to four ahead of their use; what it raises is raised here.

    Worth it where making an item leaves the interpreter free, as inflating and hashing do.
    """
    # Two queues written in C, one of them holding leave to go on, switch threads far less than one bounded queue does.
    ready: SimpleQueue[Item | _End] = SimpleQueue()
    room: SimpleQueue[None] = SimpleQueue()
    for _ in range(DEPTH):
        room.put(None)

    def work() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                room.get()
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
        room.put(None)
