"""What is collected about hundreds of thousands of rows, kept small until it is written."""

import pickle
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any


class Packed:
    """Things in a twentieth of their memory; going through them makes them anew."""

    def __init__(self, things: Sequence[Any]):
        self.count = len(things)
        self.data = zlib.compress(pickle.dumps(things, pickle.HIGHEST_PROTOCOL), 1)

    def __iter__(self) -> Iterator[Any]:
        return iter(pickle.loads(zlib.decompress(self.data)))  # noqa: S301  # never left here

    def __len__(self) -> int:
        return self.count


Part = list[Any] | Packed


class Every:
    """All things of several parts, of which one packed part at a time is unpacked."""

    def __init__(self, parts: list[Part]):
        self.parts = parts

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self.parts)

    def __len__(self) -> int:
        return sum(map(len, self.parts))
