"""Whether a testimony may be published, from its sidecar alone. On any doubt it is closed."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.config import Access
from pipeline.testimony import Sidecar


@dataclass(frozen=True)
class Decision:
    """Allowed, or why not, in words for an archivist."""

    allowed: bool
    reason: str = ""


def may_be_public(sidecar: Sidecar | None, default: Access) -> Decision:
    """The decision for the public site; `default` is the archive's, for a silent sidecar."""
    if sidecar is None:
        return Decision(False, "its sidecar is missing or cannot be read")
    access = sidecar.access or default
    if access != "public":
        reason = f" ({sidecar.access_reason})" if sidecar.access_reason else ""
        return Decision(False, f"access is {access}{reason}")
    if sidecar.access_until:
        return Decision(False, "access is public but access_until is set: say which is meant")
    if "online" not in sidecar.uses:
        return Decision(False, "its uses do not include online")
    if sidecar.redactions:
        return Decision(False, "it has redactions, which cannot be applied to the sound yet")
    return Decision(True)
