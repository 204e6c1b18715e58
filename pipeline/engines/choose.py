"""Which engine and model transcribe which language; each model is loaded once, when needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Protocol

from pipeline import memory, processor
from pipeline.config import Config
from pipeline.engines import Engine, Lanes
from pipeline.engines.models import WHAT_BASE_MEANS, Model, locate
from pipeline.errors import UsageError
from pipeline.sound import Sound
from pipeline.windows import Speech


class Engines(Protocol):
    """What `run` needs: where speech is, the engine for a language, and its plan unloaded."""

    def speech(self, sound: Sound, threshold: float) -> Speech:
        """Regions that sound like speech, in order, without overlap, of at most 10 s."""
        ...

    def plan(self, language: str | None) -> dict[str, str]:
        """Engine, model and fixity for `language` (None: naming the language)."""
        ...

    def caveats(self, languages: Iterable[str | None]) -> list[str]:
        """What a person should know of the models for these languages, before they are used."""
        ...

    def engine(self, language: str | None) -> Engine: ...


class ConfiguredEngines:
    """The engines that `config.yaml` asks for."""

    def __init__(self, root: Path, config: Config, lanes: Lanes | None = None) -> None:
        memory.be_sparing()
        self._root = root
        self._config = config
        self._lanes = lanes or Lanes(threads=config.threads)
        self._loading = Lock()
        self._module = _import(config.engine)
        self._models: dict[str, Model] = {}
        self._engines: dict[str, Engine] = {}

    def speech(self, sound: Sound, threshold: float) -> Speech:
        from pipeline.engines.speech import listen

        return listen(sound, threshold)

    def plan(self, language: str | None) -> dict[str, str]:
        model = self._model(language)
        return {"engine": self._config.engine, "model": model.name, "sha256": model.sha256}

    def engine(self, language: str | None) -> Engine:
        with self._loading:
            model = self._model(language)
            if model.name not in self._engines:
                self._engines[model.name] = self._make(model)
            return self._engines[model.name]

    def caveats(self, languages: Iterable[str | None]) -> list[str]:
        models = [self._model(language) for language in languages]
        said = [m.warning or (WHAT_BASE_MEANS if m.name == "base" else None) for m in models]
        return list(dict.fromkeys(one for one in said if one))

    def _make(self, model: Model) -> Engine:
        make = "FasterWhisper" if self._config.engine == "faster-whisper" else "OpenAIWhisper"
        engine: Engine = getattr(self._module, make)(model, self._config.transcription, self._lanes)
        return engine

    def _model(self, language: str | None) -> Model:
        name = self._config.model_for(language or "default")
        if name not in self._models:
            model = locate(name, self._root, self._module.download, has_gpu=self._module.has_gpu())
            self._models[name] = model
        return self._models[name]


@dataclass(frozen=True)
class MakeConfigured:
    """Makes the configured engines in whichever process it is sent to."""

    root: str
    config: str  # as JSON: equal settings are equal makers

    def __call__(self, lanes: Lanes) -> ConfiguredEngines:
        return ConfiguredEngines(Path(self.root), Config.model_validate_json(self.config), lanes)


def _import(engine: str) -> ModuleType:
    try:
        processor.use_it_well()
        if engine == "faster-whisper":
            from pipeline.engines import faster as module
        else:
            from pipeline.engines import openai as module  # type: ignore[no-redef]
    except ModuleNotFoundError as error:
        raise UsageError(
            f"engine {engine!r}",
            f"the package {error.name!r} is not installed.",
            "Install what transcribes: pip install 'testimony-archive[transcribe]'",
        ) from error
    return module
