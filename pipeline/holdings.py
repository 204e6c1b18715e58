"""What the archive has, what people say of it, and what the gate says to each of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property

from pipeline import consent
from pipeline.archive import Archive
from pipeline.config import Channel, Config
from pipeline.consent import Decision
from pipeline.entries import Item
from pipeline.publication import DATABASES
from pipeline.recording import Recording
from pipeline.testimony import Sidecars

_UNKNOWN = Decision(False, "archive.db does not know it")


@dataclass(frozen=True)
class Holdings:
    """What the archive has and people say of it, read once.

    `items` are the testimonies that have a good sidecar and a transcript, whether or not they may
    leave; `unlisted` are masters that the sidecar of their testimony does not name (any more).
    """

    config: Config
    sidecars: Sidecars
    withdrawn: frozenset[str]
    ids: tuple[str, ...]
    items: Mapping[str, Item]
    unlisted: tuple[Recording, ...]
    today: date

    def decide(self, ident: str, channel: Channel) -> Decision:
        """The gate's answer for a whole testimony."""
        return self._decisions[channel].get(ident, _UNKNOWN)

    def allowed(self, channel: Channel) -> dict[str, Item]:
        """By id, every testimony that may leave by `channel` and has a transcript."""
        return {i: item for i, item in self.items.items() if self.decide(i, channel).allowed}

    @cached_property
    def _decisions(self) -> dict[Channel, dict[str, Decision]]:
        return {c: {ident: self._decide(ident, c) for ident in self.ids} for c in DATABASES}

    def _decide(self, ident: str, channel: Channel) -> Decision:
        decision = consent.decide(
            self.sidecars.by_id.get(ident),
            channel,
            self.today,
            default=self.config.access,
            withdrawn=ident in self.withdrawn,
        )
        item = self.items.get(ident)
        lost = item.unplaced_redaction() if item and decision.allowed else None
        if lost is None:
            return decision
        where = f"{lost.recording} from {lost.start_s:g} s"
        return Decision(False, f"a redaction ({where}) lies in no transcribed recording of it")


def read_holdings(archive: Archive, config: Config) -> Holdings:
    """Sidecars, withdrawals and transcribed recordings, as they are now."""
    sidecars = archive.sidecars()
    transcribed: dict[str, list[Recording]] = {}
    unlisted = []
    for recording in archive.recordings():
        if recording.current_run_id is None:
            continue
        claimed = sidecars.by_recording.get(recording.path)
        if claimed is not None and claimed.id == recording.testimony_id:
            transcribed.setdefault(claimed.id, []).append(recording)
        else:
            unlisted.append(recording)
    return Holdings(
        config=config,
        sidecars=sidecars,
        withdrawn=archive.hidden(),
        ids=tuple(row["id"] for row in archive.testimonies()),
        items={i: Item(sidecars.by_id[i], tuple(mine)) for i, mine in transcribed.items()},
        unlisted=tuple(unlisted),
        today=datetime.now(UTC).date(),
    )
