"""Which licence is meant by what a sidecar says: an SPDX id, the usual name, or an address."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CC = re.compile(
    r"(?:https?://creativecommons\.org/licenses/|CC[- ])"
    r"(?P<terms>BY(?:-NC)?(?:-SA|-ND)?)[-/ ](?P<version>\d\.\d)/?(?:[\w./-]*)",
    re.IGNORECASE,
)
_CC0 = re.compile(
    r"CC[- ]?0(?:[- ]1\.0)?|https?://creativecommons\.org/publicdomain/zero/1\.0/?.*", re.IGNORECASE
)
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
# What an export says where no licence is known, and an import takes for nothing said.
NOT_RECORDED = "No licence is recorded."
_RIGHTS = re.compile(r"https?://(creativecommons\.org|rightsstatements\.org)/")


@dataclass(frozen=True)
class Known:
    """A licence by its usual name; `address` tells all of it, None where nobody knows one.

    `elements` are those of a Creative Commons licence (`by`, `nc`, `nd`, `sa`), `zero` for CC0, and
    empty for any other.
    """

    name: str
    address: str | None
    spdx: str | None = None
    elements: tuple[str, ...] = ()

    @property
    def rights(self) -> str | None:
        """The address in the form by which IIIF knows Creative Commons and RightsStatements.org."""
        if self.address is None or not _RIGHTS.match(self.address):
            return None
        return self.address.replace("https://", "http://", 1)


def known(written: str | None) -> Known | None:
    """The licence that is meant; None where none is named."""
    text = (written or "").strip()
    if not text:
        return None
    if _CC0.fullmatch(text):
        address = "https://creativecommons.org/publicdomain/zero/1.0/"
        return Known("CC0 1.0", address, "CC0-1.0", ("zero",))
    if match := _CC.fullmatch(text):
        elements, version = match["terms"].lower(), match["version"]
        return Known(
            f"CC {elements.upper()} {version}",
            f"https://creativecommons.org/licenses/{elements}/{version}/",
            f"CC-{elements.upper()}-{version}",
            tuple(elements.split("-")),
        )
    return Known(text, text if _ADDRESS.fullmatch(text) else None)
