"""What the archive has, what people say of it, and what the gate says to each of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from pipeline import consent, withdrawn
from pipeline.archive import Archive
from pipeline.config import Channel, Config
from pipeline.consent import Decision
from pipeline.entries import Item
from pipeline.recording import Recording
from pipeline.testimony import Sidecars


@dataclass(frozen=True)
class Holdings:
    """What the archive has and people say of it, read once."""

    config: Config
    sidecars: Sidecars
    withdrawn: frozenset[str]
    transcribed: Mapping[str, tuple[Recording, ...]]  # by testimony
    ids: tuple[str, ...]
    today: date

    def decide(self, ident: str, channel: Channel) -> Decision:
        """The gate's answer for a whole testimony."""
        decision = consent.decide(
            self.sidecars.by_id.get(ident),
            channel,
            self.today,
            default=self.config.access,
            withdrawn=ident in self.withdrawn,
        )
        if decision.allowed and ident in self.transcribed:
            lost = Item(self.sidecars.by_id[ident], self.transcribed[ident]).unplaced_redaction()
            if lost is not None:
                where = f"{lost.recording} from {lost.start_s:g} s"
                return Decision(False, f"a redaction ({where}) lies in no recording of it")
        return decision

    def items(self, channel: Channel) -> dict[str, Item]:
        """By id, every testimony that may leave by `channel` and has a transcript."""
        return {
            ident: Item(self.sidecars.by_id[ident], self.transcribed[ident])
            for ident in self.ids
            if ident in self.transcribed and self.decide(ident, channel).allowed
        }


def read_holdings(archive: Archive, config: Config) -> Holdings:
    """Sidecars, withdrawals and transcribed recordings, as they are now."""
    transcribed: dict[str, list[Recording]] = {}
    for recording in archive.recordings():
        if recording.current_run_id is not None:
            transcribed.setdefault(recording.testimony_id, []).append(recording)
    return Holdings(
        config=config,
        sidecars=archive.sidecars(),
        withdrawn=withdrawn.read(archive.root) | archive.withdrawn(),
        transcribed={ident: tuple(found) for ident, found in transcribed.items()},
        ids=tuple(row["id"] for row in archive.testimonies()),
        today=datetime.now(UTC).date(),
    )
