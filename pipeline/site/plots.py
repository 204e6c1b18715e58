"""The geometry of the home page's plots: numbers into positions, in units of an SVG's viewBox.

Every plot is 400 units wide, which a phone shows at about its own width. Texts are laid out at the
phone's size of type; where there is more room, style sheets make them smaller, never larger.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pipeline.site.ways import Named, Recorded, Spoken, Spot

WIDTH = 400.0
_TYPE, _SMALL_TYPE = 13.0, 8.0
_EM = 0.53  # the mean width of a letter, in sizes of type
_MOST_DOTS, _LARGEST = 100, 14.0
_DIAMOND = 5.0
# What is so wide that a point stands for it only roughly.
_AREAS = {"country", "region", "river", "sea"}
_YEARS = re.compile(r"(\d{4})(?:-(\d\d))?")


@dataclass(frozen=True)
class Bar:
    language: str
    y: float
    width: float


@dataclass(frozen=True)
class Bars:
    """Horizontal bars, the longest `full` units wide, from `left` on."""

    height: float
    left: float
    bars: tuple[Bar, ...]


def bars(spoken: Sequence[Spoken], full: float = 160.0, step: float = 30.0) -> Bars:
    """One bar for each language, by how long it is spoken."""
    most = max((one.duration_s for one in spoken), default=0.0) or 1.0
    drawn = [
        Bar(one.language, n * step, max(1.0, round(full * one.duration_s / most, 1)))
        for n, one in enumerate(spoken)
    ]
    return Bars(len(spoken) * step, 112.0, tuple(drawn))


@dataclass(frozen=True)
class Moment:
    """An event: a circle whose area is how many name it, a line as long as it lasted."""

    id: str
    testimonies: int
    y: float
    x: float
    radius: float
    start: float
    end: float
    name: str
    text_x: float
    before: bool


@dataclass(frozen=True)
class TimeLine:
    """Years on a line from left to right, `ticks` their (x, year); an event on each line below."""

    height: float
    ticks: tuple[tuple[float, int], ...]
    moments: tuple[Moment, ...]


def time_line(events: Iterable[Named], names: dict[str, str], most: int = 14) -> TimeLine:
    """The events that most testimonies name and that happened once, in order of time."""
    dated = [(event, when) for event in events if (when := _when(event.dates))][:most]
    if not dated:
        return TimeLine(0.0, (), ())
    first = math.floor(min(when[0] for _, when in dated) / 10) * 10
    last = max(first + 20, math.ceil(max(when[1] for _, when in dated) / 10) * 10)
    top, step, margin = 34.0, 29.0, 20.0

    def x(year: float) -> float:
        return round(margin + (WIDTH - 2 * margin) * (year - first) / (last - first), 1)

    largest = max(event.testimonies for event, _ in dated)
    moments = []
    for n, (event, (start, end)) in enumerate(sorted(dated, key=lambda one: one[1])):
        at, radius = x((start + end) / 2), _radius(event.testimonies, largest, 11.0)
        left, right = min(at - radius, x(start)) - 5, max(at + radius, x(end)) + 5
        before = left > WIDTH - right
        room = (left if before else WIDTH - right) - len(f" · {event.testimonies}") * _TYPE * _EM
        moments.append(
            Moment(event.id, event.testimonies, top + n * step, at, radius, x(start), x(end),
                   _cut(names.get(event.id, event.id), room),
                   round(left if before else right, 1), before)
        )  # fmt: skip
    years = range(first, last + 1, 10 if last - first <= 60 else 20)
    return TimeLine(
        top + len(moments) * step - 8, tuple((x(year), year) for year in years), tuple(moments)
    )


def _when(dates: str | None) -> tuple[float, float] | None:
    """First and last moment of an EDTF date or range, in years; None for days of every year and
    for what has no end."""
    ends = [_YEARS.match(end) for end in (dates or "").split("/")]
    known = [end for end in ends if end is not None]
    if not known or len(known) < len(ends):
        return None
    start, end = known[0], known[-1]
    return (
        int(start[1]) + (int(start[2] or 1) - 1) / 12,
        int(end[1]) + int(end[2] or 12) / 12,
    )


@dataclass(frozen=True)
class Dot:
    """A place that testimonies name, or in which they were recorded; `area` where it is too wide
    for a point."""

    id: str
    x: float
    y: float
    radius: float
    testimonies: int
    area: bool


@dataclass(frozen=True)
class Name:
    """A text on a map; `kind`: major, minor (only where there is room) or water."""

    x: float
    y: float
    anchor: str
    text: str
    kind: str


@dataclass(frozen=True)
class Map:
    """A net of degrees, every place of the gazetteer as a speck, dots for what is named, and
    diamonds of one size for where testimonies were recorded."""

    height: float
    net: str
    specks: str
    dots: tuple[Dot, ...]
    diamonds: tuple[Dot, ...]
    names: tuple[Name, ...]


@dataclass(frozen=True)
class Frame:
    """What a map shows, in degrees; `places` are named on it even where no testimony does."""

    south: float
    north: float
    west: float
    east: float
    parallels: tuple[float, float]
    step: int
    water: tuple[str, ...]
    places: tuple[str, ...]


# Where the narrators came from, and where they were taken.
HOMES = Frame(
    43.3, 60.6, 12.5, 41.0, (46, 58), 5, ("baltic-sea", "black-sea"),
    ("vilnius", "riga", "tallinn", "warsaw", "kyiv", "bucharest", "chisinau", "minsk", "lviv",
     "odesa", "moscow", "saint-petersburg", "cluj", "krakow"),
)  # fmt: skip
EXILE = Frame(
    37.0, 76.0, 14.0, 158.0, (48, 66), 10, ("kara-sea", "sea-of-okhotsk", "baikal"),
    ("vilnius", "kyiv", "moscow", "vorkuta", "norilsk", "magadan", "krasnoyarsk", "irkutsk",
     "karaganda", "tashkent", "arkhangelsk", "yakutsk", "tomsk", "vladivostok"),
)  # fmt: skip


def maps(
    gazetteer: Sequence[Spot],
    named: Sequence[Named],
    recorded: Sequence[Recorded],
    names: dict[str, str],
) -> tuple[Map, Map]:
    """Two maps with circles on one scale; what the first shows is only a speck on the second."""
    most = max((one.testimonies for one in named), default=1)
    homes = {spot.id for spot in gazetteer if _inside(HOMES, spot.lat, spot.lon)}

    def drawn(frame: Frame, *, at_home: bool) -> Map:
        there = [one for one in named if (one.id in homes) == at_home]
        taped = [one for one in recorded if (one.id in homes) == at_home]
        return _map(frame, gazetteer, there, taped, names, most)

    return drawn(HOMES, at_home=True), drawn(EXILE, at_home=False)


def _map(
    frame: Frame,
    gazetteer: Iterable[Spot],
    named: Iterable[Named],
    recorded: Iterable[Recorded],
    names: dict[str, str],
    most: int,
) -> Map:
    """The places inside `frame`, of `named` those that come first; dots lie over larger dots."""
    project, height = _projection(frame)
    spots = {spot.id: spot for spot in gazetteer if _inside(frame, spot.lat, spot.lon)}
    at = {ident: project(spot.lat, spot.lon) for ident, spot in spots.items()}
    counted = [one for one in named if one.id in spots][:_MOST_DOTS]
    dots = [
        Dot(one.id, *at[one.id], _radius(one.testimonies, most, _LARGEST), one.testimonies,
            one.feature in _AREAS)
        for one in counted
    ]  # fmt: skip
    diamonds = [
        Dot(one.id, *at[one.id], _DIAMOND, one.testimonies, spots[one.id].feature in _AREAS)
        for one in recorded
        if one.id in spots
    ][:_MOST_DOTS]
    specks = "".join(
        f"M{at[ident][0]:g} {at[ident][1]:g}h0"
        for ident, spot in spots.items()
        if spot.feature not in _AREAS
    )
    return Map(
        height,
        _net(frame, project),
        specks,
        tuple(sorted(dots, key=lambda dot: -dot.radius)),
        tuple(diamonds),
        tuple(_named(frame, height, dots, diamonds, at, names)),
    )


def _radius(count: int, most: int, largest: float) -> float:
    """Areas are as the counts are; what is rare can still be seen."""
    return round(max(2.2, largest * math.sqrt(count / most)), 1)


def _inside(frame: Frame, lat: float, lon: float) -> bool:
    return frame.south <= lat <= frame.north and frame.west <= lon <= frame.east


def _projection(frame: Frame) -> tuple[Callable[[float, float], tuple[float, float]], float]:
    """An equidistant conic projection on `WIDTH` units, and how high the map then is."""
    first, second = (math.radians(degrees) for degrees in frame.parallels)
    cone = (math.cos(first) - math.cos(second)) / (second - first)
    apex = math.cos(first) / cone + first
    middle = (frame.west + frame.east) / 2

    def flat(lat: float, lon: float) -> tuple[float, float]:
        distance, angle = apex - math.radians(lat), cone * math.radians(lon - middle)
        return distance * math.sin(angle), -distance * math.cos(angle)

    edge = [
        flat(lat, lon)
        for lat in _range(frame.south, frame.north)
        for lon in _range(frame.west, frame.east)
    ]
    left, right = min(x for x, _ in edge), max(x for x, _ in edge)
    top, bottom = min(-y for _, y in edge), max(-y for _, y in edge)
    scale = WIDTH / (right - left)

    def project(lat: float, lon: float) -> tuple[float, float]:
        x, y = flat(lat, lon)
        return round((x - left) * scale, 1), round((-y - top) * scale, 1)

    return project, round((bottom - top) * scale, 1)


def _range(low: float, high: float, parts: int = 24) -> list[float]:
    return [low + (high - low) * n / parts for n in range(parts + 1)]


def _net(frame: Frame, project: Callable[[float, float], tuple[float, float]]) -> str:
    """Meridians and parallels, every so many degrees."""

    def path(points: Iterable[tuple[float, float]]) -> str:
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)

    def every(low: float, high: float) -> range:
        return range(math.ceil(low / frame.step) * frame.step, math.floor(high) + 1, frame.step)

    lines = [
        path(project(lat, lon) for lon in _range(frame.west, frame.east))
        for lat in every(frame.south, frame.north)
    ]
    lines += [
        path((project(frame.south, lon), project(frame.north, lon)))
        for lon in every(frame.west, frame.east)
    ]
    return "".join(lines)


def _named(
    frame: Frame,
    height: float,
    dots: Sequence[Dot],
    diamonds: Sequence[Dot],
    at: dict[str, tuple[float, float]],
    names: dict[str, str],
) -> list[Name]:
    """As many names as fit without touching, the most important first."""
    space = _Space(height)
    radii = {dot.id: dot.radius for dot in diamonds}
    radii |= {dot.id: max(dot.radius, radii.get(dot.id, 0.0)) for dot in dots}
    found = []
    for ident in frame.water:
        if ident in at:
            found += space.put(names.get(ident, ident), *at[ident], 0.0, _TYPE, "water")
    ranked = [dot.id for dot in dots if not dot.area]
    there = [dot.id for dot in diamonds if not dot.area]
    wanted = [*ranked[:8], *there[:8], *frame.places, *(dot.id for dot in dots[:12])]
    done = set()
    for ident in dict.fromkeys(wanted):
        if ident in at and (
            placed := space.put(
                names.get(ident, ident), *at[ident], radii.get(ident, 1.5), _TYPE, "major"
            )
        ):
            found += placed
            done.add(ident)
    for ident in (*ranked[:60], *frame.places):
        if ident in at and ident not in done:
            name, radius = names.get(ident, ident), radii.get(ident, 1.5)
            found += space.put(name, *at[ident], radius, _SMALL_TYPE, "minor")
            done.add(ident)
    return found


class _Space:
    """Where names already are on a map."""

    def __init__(self, height: float) -> None:
        self._height = height
        self._taken: list[tuple[float, float, float, float]] = []

    def put(
        self, text: str, x: float, y: float, radius: float, size: float, kind: str
    ) -> list[Name]:
        """The name beside its dot, where nothing else is; none where there is no such place."""
        width, gap = len(text) * size * _EM, radius + 3
        tries = [
            ("start", x + gap, y + size * 0.35),
            ("end", x - gap, y + size * 0.35),
            ("middle", x, y - gap),
            ("middle", x, y + gap + size * 0.75),
        ]
        for anchor, text_x, text_y in tries[2:3] if kind == "water" else tries:
            left = text_x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
            box = (left, text_y - size, left + width, text_y + size * 0.3)
            if self._is_free(box):
                self._taken.append(box)
                return [Name(round(text_x, 1), round(text_y, 1), anchor, text, kind)]
        return []

    def _is_free(self, box: tuple[float, float, float, float]) -> bool:
        left, top, right, bottom = box
        if left < 0 or right > WIDTH or top < 0 or bottom > self._height:
            return False
        return all(
            right < taken[0] or left > taken[2] or bottom < taken[1] or top > taken[3]
            for taken in self._taken
        )


def _cut(text: str, width: float) -> str:
    letters = int(width / (_TYPE * _EM))
    return text if len(text) <= letters else text[: max(1, letters - 1)].rstrip() + "…"
