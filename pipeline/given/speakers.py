"""Who speaks, where a text only writes it before the words: `ONA: I was nine.`"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

_PREFIX = re.compile(r"^\s*([^\W\d_][^:\n]{0,39}?)\s*:\s+(?=\S)")
_MOST_WORDS = 4


def parted(
    texts: Sequence[str], known: Collection[str | None] = ()
) -> list[tuple[str | None, str]]:
    """(speaker, words) of each paragraph.

    What stands before a colon is a name only where that is plain: it is written in capitals, is a
    `known` name, or begins more than one paragraph. `He said: no` is nobody's name.
    """
    found = [_PREFIX.match(text) for text in texts]
    count = Counter(match[1] for match in found if match)
    names = {
        name
        for name in count
        if len(name.split()) <= _MOST_WORDS
        and (name.isupper() or name in known or (count[name] > 1 and name[0].isupper()))
    }
    return [
        (match[1], text[match.end() :].strip()) if match and match[1] in names else (None, text)
        for match, text in zip(found, texts, strict=True)
    ]
