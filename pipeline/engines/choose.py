"""Which engine and model transcribe which language; each model is loaded once, when needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Protocol

from pipeline.config import Config
from pipeline.engines import Engine
from pipeline.engines.models import WHAT_BASE_MEANS, Model, locate
from pipeline.errors import UsageError
from pipeline.sound import Samples
from pipeline.windows import Speech


class Engines(Protocol):
    """What `run` needs: where speech is, the engine for a language, and its plan unloaded."""

    def speech(self, samples: Samples, threshold: float) -> Speech:
        """Regions that sound like speech, in order, without overlap, of at most 10 s."""
        ...

    def plan(self, language: str | None) -> dict[str, str]:
        """Engine, model and fixity for `language` (None: naming the language)."""
        ...

    def engine(self, language: str | None) -> Engine: ...


class ConfiguredEngines:
    """The engines that `config.yaml` asks for."""

    def __init__(self, root: Path, config: Config, warn: Callable[[str], None]) -> None:
        self._root = root
        self._config = config
        self._warn = warn
        self._module = _import(config.engine)
        self._models: dict[str, Model] = {}
        self._engines: dict[str, Engine] = {}

    def speech(self, samples: Samples, threshold: float) -> Speech:
        from pipeline.engines.speech import listen

        return listen(samples, threshold)

    def plan(self, language: str | None) -> dict[str, str]:
        model = self._model(language)
        return {"engine": self._config.engine, "model": model.name, "sha256": model.sha256}

    def engine(self, language: str | None) -> Engine:
        model = self._model(language)
        if model.name not in self._engines:
            if model.warning or model.name == "base":
                self._warn(model.warning or WHAT_BASE_MEANS)
            self._engines[model.name] = self._make(model)
        return self._engines[model.name]

    def _make(self, model: Model) -> Engine:
        options, threads = self._config.transcription, self._config.threads
        if self._config.engine == "faster-whisper":
            return self._module.FasterWhisper(model, options, threads)  # type: ignore[no-any-return]
        return self._module.OpenAIWhisper(model, options, threads)  # type: ignore[no-any-return]

    def _model(self, language: str | None) -> Model:
        name = self._config.model_for(language or "default")
        if name not in self._models:
            model = locate(name, self._root, self._module.download, has_gpu=self._module.has_gpu())
            self._models[name] = model
        return self._models[name]


def _import(engine: str) -> ModuleType:
    try:
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
