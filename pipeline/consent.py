"""The gate: may this leave the archive, by this way, today? On any doubt it may not.

Every way out asks here, and nothing else decides. The functions are pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pipeline.config import Access, Channel
from pipeline.testimony import Redaction, Sidecar, latest_day


@dataclass(frozen=True)
class Decision:
    """Allowed, or why not, in words for an archivist."""

    allowed: bool
    reason: str = ""


@dataclass(frozen=True)
class Span:
    """A stretch of one recording, named as its sidecar names it, in seconds."""

    recording: str
    start_s: float
    end_s: float


def decide(
    sidecar: Sidecar | None,
    channel: Channel,
    today: date,
    *,
    default: Access,
    withdrawn: bool = False,
    span: Span | None = None,
) -> Decision:
    """Whether a testimony, or one `span` of it, may leave by `channel`.

    `default` is the archive's access, for a sidecar that says nothing. `withdrawn` outdoes
    whatever the sidecar says. Who may see the public sees no more than researchers do.
    """
    if withdrawn:
        return Decision(False, "it was withdrawn")
    if sidecar is None:
        return Decision(False, "its sidecar is missing or cannot be read")
    access = sidecar.access or default
    if access == "public" and sidecar.access_until:
        return Decision(False, "access is public but access_until is set: say which is meant")
    refusal = _refusal(sidecar, access, channel)
    if refusal:
        return Decision(False, refusal + _question(sidecar, today))
    if span is not None and (redaction := redaction_of(sidecar, span)):
        return Decision(False, f"it is redacted ({redaction.reason})")
    return Decision(True)


def redaction_of(sidecar: Sidecar, span: Span) -> Redaction | None:
    """The first redaction that the span touches, were it in one instant."""
    for redaction in sidecar.redactions:
        touches = span.start_s <= redaction.end_s and redaction.start_s <= span.end_s
        if redaction.recording == span.recording and touches:
            return redaction
    return None


def may_be_listed(sidecar: Sidecar | None, *, withdrawn: bool) -> bool:
    """Whether a closed testimony's title and reason may be shown; only where a person said so."""
    return sidecar is not None and sidecar.listed and not withdrawn


def embargo_has_passed(sidecar: Sidecar, today: date) -> bool:
    """Whether a person must decide anew: an embargo never opens by itself."""
    day = latest_day(sidecar.access_until) if sidecar.access_until else None
    return day is not None and day < today


def _refusal(sidecar: Sidecar, access: Access, channel: Channel) -> str:
    public = access == "public" and "online" in sidecar.uses
    research = access != "closed" and "research" in sidecar.uses
    if public or (channel == "researchers" and research):
        return ""
    if access == "public" or (access == "researchers" and channel == "researchers"):
        return "its uses do not include " + ("online" if channel == "public" else "research")
    return f"access is {access}" + (f" ({sidecar.access_reason})" if sidecar.access_reason else "")


def _question(sidecar: Sidecar, today: date) -> str:
    if embargo_has_passed(sidecar, today):
        return f"; its embargo ended ({sidecar.access_until}): a person must decide"
    return ""
