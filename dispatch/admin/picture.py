"""The chain of one level as a picture: a box for each tier with its retries, an arrow for each way on."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from dispatch.admin.chart import span
from dispatch.chain import Cell, Chain
from dispatch.models.choices import name
from dispatch.vocabulary import Met, Tier

BOX, GAP, LINE, LANE, EDGE = (
    232,
    40,
    19,
    30,
    16,
)  # pixels: a box's width, between boxes, a line, a lane, the margin
_QUIET = (
    Met.PERSUADED,
    Met.FALSE_ALARM,
    Met.TRANSFERRED,
)  # the same for every policy: told beneath the boxes


@dataclass(frozen=True, slots=True)
class Box:
    """One tier: its corner and size, its name, whether it begins at once, and its retries."""

    x: int
    y: int
    width: int
    height: int
    title: str
    starts: bool
    lines: tuple[tuple[int, str], ...]  # each with its y

    @property
    def name_x(self) -> int:
        return self.x + 12

    @property
    def name_y(self) -> int:
        return self.y + 23


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one tier to another: a path, its label, and where the label stands."""

    path: str
    label: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes and arrows, and the room they need."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def draw(chain: Chain) -> Picture:
    """The picture of one level's chain; tiers from left to right, longer ways above shorter ones."""
    ways = _ways(chain)
    top = EDGE + LANE * len(ways) + 12
    boxes = [_box(tier, chain, top) for tier in Tier]
    height = max(box.height for box in boxes)
    boxes = [Box(b.x, b.y, b.width, height, b.title, b.starts, b.lines) for b in boxes]
    arrows = tuple(_arrow(lane, way, met, ways, boxes, top) for lane, (way, met) in enumerate(ways.items()))
    return Picture(_left(len(Tier)) - GAP + EDGE, top + height + EDGE, tuple(boxes), arrows)


def _ways(chain: Chain) -> dict[tuple[Tier, Tier], list[Met]]:
    """What leads from tier to tier, the shortest way first."""
    ways: dict[tuple[Tier, Tier], list[Met]] = {}
    for tier, rung in sorted(chain.rungs.items()):
        for met, cell in sorted(rung.cells.items(), key=lambda item: list(Met).index(item[0])):
            for to in cell.then:
                ways.setdefault((tier, to), []).append(met)
    return dict(sorted(ways.items(), key=lambda item: (item[0][1] - item[0][0], item[0])))


def _left(column: int) -> int:
    return EDGE + column * (BOX + GAP)


def _box(tier: Tier, chain: Chain, top: int) -> Box:
    lines = list(_lines(tier, chain))
    return Box(
        x=_left(tier - 1),
        y=top,
        width=BOX,
        height=34 + LINE * max(1, len(lines)),
        title=name(tier),
        starts=tier in chain.starts,
        lines=tuple((top + 46 + LINE * n, text) for n, text in enumerate(lines)),
    )


def _lines(tier: Tier, chain: Chain) -> Iterable[str]:
    rung = chain.rungs.get(tier)
    if rung is None:
        return
    if rung.checks:
        yield _("a person after {spans}").format(spans=_short([span(one) for one in rung.checks]))
    if rung.watch:
        yield _("watch for {span}").format(span=span(rung.watch))
    for met in (m for m in Met if m in rung.cells):
        if rung.cells[met].again:
            yield f"{name(met)} ↻ {_again(rung.cells[met])}"


def _again(cell: Cell) -> str:
    told = _short([span(one) for one in cell.again])
    if cell.repeat or cell.keep_while:
        told += " …"
    return f"{told} ≤{cell.most}" if cell.most else told


def _short(spans: list[str]) -> str:
    if len(spans) > 3:
        return f"{len(spans)}× {spans[0]}" if len(set(spans)) == 1 else f"{spans[0]} … {spans[-1]}"
    return _(", ").join(spans)


def _arrow(
    lane: int,
    way: tuple[Tier, Tier],
    met: list[Met],
    ways: dict[tuple[Tier, Tier], list[Met]],
    boxes: list[Box],
    top: int,
) -> Arrow:
    """Up from the first box, along the lane, down into the second."""
    here, there = boxes[way[0] - 1], boxes[way[1] - 1]
    leaving = [one for one in ways if one[0] is way[0]]
    coming = [one for one in ways if one[1] is way[1]]
    out = here.x + BOX - 18 - 22 * leaving.index(way)
    into = there.x + 18 + 22 * (len(coming) - 1 - coming.index(way))
    y = top - 12 - LANE * lane
    words = _(", ").join(name(one) for one in met if one not in _QUIET or len(met) == 1)
    return Arrow(f"M{out} {top} V{y} H{into} V{top - 2}", words, (out + into) // 2, y - 5)
