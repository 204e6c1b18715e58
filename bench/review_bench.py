"""What saving one corrected line costs in a long recording.

    python -m bench.review_bench [--lines 3000] [--saves 20] [--profile]

Makes an archive of one recording of invented speech, with this repository's vocabulary, and edits
one line after another as reviewers do: `Desk.save` opens the archive each time. The first save
makes the run that corrections live in. Milliseconds are the processor's. `--profile` says where
the time of the others goes.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.big_archive import Speech
from pipeline import testimony
from pipeline.archive import Archive
from pipeline.attempts import Settings
from pipeline.desk import Desk
from pipeline.recording import Recording
from pipeline.report import Silent
from pipeline.retiming import spread
from pipeline.review import Edit, NewLine, Seen
from pipeline.transcript import Provenance, Segment, Transcript
from pipeline.vocabulary import FOLDER, GAZETTEER, VOCABULARY

_LANGUAGE = "pl"
_LINE_S = 5.0
_IDENT = "long"


def main(lines: int, saves: int, *, profiled: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _make(root, lines)
        desk = Desk(root)
        print(f"opening a sheet of {lines} lines: {_took_ms(lambda: desk.sheet(_IDENT, 1)):.0f} ms")
        rows = [
            Seen(start_s=row.start_s, end_s=row.end_s, text=row.text, language=row.language)
            for row in desk.sheet(_IDENT, 1).rows
        ]
        print(f"first save: {_took_ms(lambda: _save(desk, rows[0])):.0f} ms")
        profile = cProfile.Profile()
        if profiled:
            profile.enable()
        # Far apart, as a reviewer goes from doubt to doubt.
        places = [1 + n * (lines - 1) // saves for n in range(saves)]
        took = [_took_ms(partial(_save, desk, rows[n])) for n in places]
        profile.disable()
        print(f"{saves} more: median {statistics.median(took):.0f} ms, slowest {max(took):.0f} ms")
        if profiled:
            pstats.Stats(profile).sort_stats("cumulative").print_stats(60)


def _make(root: Path, lines: int) -> None:
    (root / testimony.FOLDER).mkdir(parents=True)
    (root / "config.yaml").write_text("title: Long\nlanguages: [pl, ru]\n", encoding="utf-8")
    (root / testimony.FOLDER / f"{_IDENT}.yaml").write_text(
        f"id: {_IDENT}\ntitle: A long life\nrecordings: [long.wav]\n", encoding="utf-8"
    )
    for name in (VOCABULARY, GAZETTEER):
        shutil.copy(Path(__file__).parents[1] / FOLDER / name, root / FOLDER / name)
    sidecar = testimony.load_all(root).by_id[_IDENT]
    with Archive(root) as archive:
        archive.save_testimony(sidecar, "closed")
        recording = _recording(lines * _LINE_S)
        archive.save_recording(recording)
        archive.index((), Silent())
        run_id = archive.begin_run(recording, Settings("made", (_LANGUAGE,)))
        archive.finish_run(run_id, recording, _transcript(lines))


def _recording(duration_s: float) -> Recording:
    return Recording(
        id="0" * 16, testimony_id=_IDENT, part=1, path="long.wav", sha256="0" * 64, bytes=1,
        mtime_ns=0, duration_s=duration_s, missing_s=0.0, codec="pcm_s16le", sample_rate_hz=16_000,
        channels=1, has_video=False,
    )  # fmt: skip


def _transcript(lines: int) -> Transcript:
    spoken = Speech(_LANGUAGE, 3).sentences(lines)
    segments = [_segment(n * _LINE_S, text) for n, text in enumerate(spoken)]
    return Transcript(tuple(segments), {}, Provenance("made", "1", "made", "0" * 64))


def _segment(start_s: float, text: str) -> Segment:
    end_s = start_s + _LINE_S - 0.2
    return Segment(
        start_s, end_s, text, _LANGUAGE, 0.9, "audio", _LANGUAGE, 0.9, 0.8,
        words=spread(text, start_s, end_s),
    )  # fmt: skip


def _save(desk: Desk, seen: Seen) -> None:
    """A word more in a line that the reviewer sees already."""
    line = NewLine(text=f"{seen.text} Workuta.", language=seen.language)
    desk.save(_IDENT, 1, Edit(seen=(seen,), lines=(line,)), "rita")


def _took_ms(action: Callable[[], object]) -> float:
    """Of the processor: neighbours change what the clock on the wall says."""
    began = time.process_time()
    action()
    return 1000 * (time.process_time() - began)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=3000)
    parser.add_argument("--saves", type=int, default=20)
    parser.add_argument("--profile", action="store_true")
    said = parser.parse_args()
    main(said.lines, said.saves, profiled=said.profile)
