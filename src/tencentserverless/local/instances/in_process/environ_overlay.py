"""Temporary values in a mapping, such as `os.environ`. They may begin and end in any order."""

import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager


class Overlay:
    """Layers of values over `target`. For each name the layer that was added last and has not ended is visible."""

    def __init__(self, target: MutableMapping[str, str]) -> None:
        self._target = target
        self._layers: list[Mapping[str, str]] = []
        self._below: dict[str, str | None] = {}
        self._lock = threading.Lock()

    @contextmanager
    def over(self, layer: Mapping[str, str]) -> Iterator[None]:
        """Add `layer`, and remove it at the end. After the last layer `target` has its own values again."""
        with self._lock:
            self._layers.append(layer)
            for name, value in layer.items():
                self._below.setdefault(name, self._target.get(name))
                self._target[name] = value
        try:
            yield
        finally:
            with self._lock:
                self._layers = [other for other in self._layers if other is not layer]
                for name in layer:
                    self._show(name)

    def _show(self, name: str) -> None:
        holders = [layer for layer in self._layers if name in layer]
        value = holders[-1][name] if holders else self._below.pop(name)
        if value is None:
            self._target.pop(name, None)
        else:
            self._target[name] = value
