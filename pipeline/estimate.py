"""How far a rate in a random sample may be from the rate of all that it was drawn from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# Fewer lines than this say too little for an interval.
FEWEST = 30
_RESAMPLES = 2000
_TAIL = 0.025
# Where this share of resamples has no spread, dividing by it means nothing.
_FLAT = 0.05

_Floats = npt.NDArray[np.float64]


def interval(edits: list[int], totals: list[int]) -> tuple[float, float] | None:
    """The 95 % interval of sum(edits) / sum(totals) over lines drawn at random; None for fewer than
    `FEWEST` lines, or where nothing was said in them.

    A studentised bootstrap over lines, with one seed. Lines are drawn from all testimonies at
    once, so they are not clustered: see docs/quality.md for what was measured.
    """
    count = len(edits)
    if count < FEWEST or sum(totals) == 0:
        return None
    if not any(edits):
        return 0.0, 3 / count  # the rule of three
    e, t = np.array(edits, np.float64), np.array(totals, np.float64)
    rate = float(e.sum() / t.sum())
    spread = float(_error(e, t, np.array(rate)))
    drawn = np.random.default_rng(0).integers(0, count, (_RESAMPLES, count))
    again, of = e[drawn], t[drawn]
    some = of.sum(-1) > 0
    again, of = again[some], of[some]
    rates = again.sum(-1) / of.sum(-1)
    errors = _error(again, of, rates)
    if spread == 0 or (errors == 0).mean() > _FLAT:
        low, high = np.quantile(rates, [_TAIL, 1 - _TAIL])
    else:
        apart = (rates - rate)[errors > 0] / errors[errors > 0]
        high, low = rate - spread * np.quantile(apart, [_TAIL, 1 - _TAIL])
    return max(0.0, float(low)), float(high)


def _error(edits: _Floats, totals: _Floats, rate: _Floats) -> _Floats:
    """The standard error of a ratio of sums, by linearisation."""
    count = edits.shape[-1]
    left = edits - rate[..., None] * totals
    found: _Floats = np.sqrt(count / (count - 1) * (left**2).sum(-1)) / totals.sum(-1)
    return found
