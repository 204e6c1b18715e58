"""The reference engine: OpenAI's own implementation, openai-whisper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import torch
import whisper
from whisper.timing import find_alignment, merge_punctuations
from whisper.tokenizer import Tokenizer, get_tokenizer

from pipeline.config import TranscriptionOptions
from pipeline.engines import FRAMES_PER_S, MARKS_AFTER, MARKS_BEFORE, Clip, Heard, Lanes, glue
from pipeline.engines.checkpoint import as_openai
from pipeline.engines.models import Model
from pipeline.errors import ModelError
from pipeline.languages import from_whisper, to_whisper
from pipeline.sound import RATE_HZ, Samples
from pipeline.transcript import Provenance, Word

NAME = "openai-whisper"


class OpenAIWhisper:
    """openai-whisper in float32 on the CPU, float16 on a GPU; one clip at a time."""

    # Decoding hangs its memory on the model, and so takes one caller at a time.
    def __init__(self, model: Model, options: TranscriptionOptions, lanes: Lanes) -> None:
        if lanes.threads:
            torch.set_num_threads(lanes.threads * lanes.count)
        self._busy = Lock()
        self._model = _load(model)
        self._options = options
        self._half = self._model.device.type == "cuda"
        self.provenance = Provenance(
            engine=NAME,
            version=f"{whisper.__version__} (torch {torch.__version__})",
            model=model.name,
            model_sha256=model.sha256,
            options={
                "beam_size": options.beam_size,
                "batch_size": 1,
                "compute_type": "float16" if self._half else "float32",
                "device": self._model.device.type,
                "timestamps": "alignment",
                "task": "transcribe",
            },
        )

    def language_probabilities(self, clips: Sequence[Samples]) -> Iterator[dict[str, float]]:
        """Each clip padded to 30 s, the only length that this implementation takes."""
        for clip in clips:
            with self._busy:
                _, named = self._model.detect_language(self._mel(clip))
            yield {from_whisper(code): float(p) for code, p in named.items()}

    def decode(self, clips: Sequence[Clip]) -> Iterator[Heard]:
        """Clips one after the other, in order."""
        for clip in clips:
            mel = self._mel(clip.samples)
            options = whisper.DecodingOptions(
                task="transcribe",
                language=to_whisper(clip.language),
                prompt=clip.hint or None,
                beam_size=self._options.beam_size,
                without_timestamps=True,
                fp16=self._half,
            )
            with self._busy:
                result = whisper.decode(self._model, mel, options)
                words = self._align(clip, result.tokens, mel, self._tokenizer(clip.language))
            yield Heard(
                words=words,
                average_logprob=float(result.avg_logprob),
                no_speech_probability=float(result.no_speech_prob),
            )

    def align(self, clips: Sequence[Clip], texts: Sequence[str]) -> Iterator[tuple[Word, ...]]:
        """Clips one after the other, in order."""
        for clip, text in zip(clips, texts, strict=True):
            tokenizer = self._tokenizer(clip.language)
            with self._busy:
                words = self._align(
                    clip, tokenizer.encode(f" {text}"), self._mel(clip.samples), tokenizer
                )
            yield words

    def _align(
        self, clip: Clip, tokens: list[int], mel: torch.Tensor, tokenizer: Tokenizer
    ) -> tuple[Word, ...]:
        text_tokens = [token for token in tokens if token < tokenizer.eot]
        frames = len(clip.samples) * FRAMES_PER_S // RATE_HZ
        alignment = find_alignment(self._model, tokenizer, text_tokens, mel, frames)
        merge_punctuations(alignment, MARKS_BEFORE, MARKS_AFTER)
        return tuple(glue((t.word, t.start, t.end, t.probability) for t in alignment))

    def _mel(self, samples: Samples) -> torch.Tensor:
        padded = whisper.pad_or_trim(torch.from_numpy(samples))
        mel: torch.Tensor = whisper.log_mel_spectrogram(padded, self._model.dims.n_mels)
        return mel.to(self._model.device, torch.float16 if self._half else torch.float32)

    def _tokenizer(self, language: str) -> Tokenizer:
        return get_tokenizer(
            self._model.is_multilingual,
            num_languages=self._model.num_languages,
            language=to_whisper(language),
            task="transcribe",
        )


def download(name: str) -> Path:
    """The checkpoint of a model by name, fetched the way openai-whisper does."""
    url: Any = whisper._MODELS.get(name)
    if url is None:
        raise ValueError(
            f"openai-whisper knows no model of this name: {whisper.available_models()}"
        )
    folder = Path.home() / ".cache" / "whisper"
    return Path(whisper._download(url, str(folder), False))


def has_gpu() -> bool:
    """Whether torch sees a CUDA device."""
    return bool(torch.cuda.is_available())


def _load(model: Model) -> whisper.Whisper:
    if model.path is None:
        return as_openai(model).to("cuda" if has_gpu() else "cpu")
    try:
        return whisper.load_model(str(model.path))
    except (RuntimeError, OSError, KeyError, EOFError) as error:
        raise ModelError(
            model.path,
            f"openai-whisper cannot load it ({error}).",
            "It must be a checkpoint file (.pt) of openai-whisper; see docs/models.md.",
        ) from error
