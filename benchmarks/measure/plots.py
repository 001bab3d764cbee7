"""The pictures: SVG, in Okabe and Ito's colours, which the colour-blind can tell apart too; each
line has its own mark and its name at its end, so that it can be read in grey."""

import math
from xml.sax.saxutils import escape

COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#777777",
           "#999933", "#882255"]
MARKS = ["disc", "square", "triangle", "diamond", "ring", "cross", "down", "box", "plus",
         "star"]
FONT = 'font-family="Helvetica, Arial, DejaVu Sans, sans-serif"'
INK = "#222222"
PALE = "#DDDDDD"


def _mark(kind, x, y, colour, r=4.5):
    """One of MARKS, about (x, y)."""
    def polygon(*points):
        text = " ".join(f"{x + a * r:.1f},{y + b * r:.1f}" for a, b in points)
        return f'<polygon points="{text}" fill="{colour}"/>'

    def strokes(path):
        return f'<path d="{path}" stroke="{colour}" stroke-width="2.2" fill="none"/>'

    if kind == "disc":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" fill="{colour}"/>'
    if kind == "ring":
        return (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" fill="white" stroke="{colour}" '
                'stroke-width="2"/>')
    if kind == "square":
        return polygon((-.9, -.9), (.9, -.9), (.9, .9), (-.9, .9))
    if kind == "box":
        return (f'<rect x="{x - r + .5:.1f}" y="{y - r + .5:.1f}" width="{2 * r - 1}" '
                f'height="{2 * r - 1}" fill="white" stroke="{colour}" stroke-width="2"/>')
    if kind == "triangle":
        return polygon((0, -1.2), (1.1, .8), (-1.1, .8))
    if kind == "down":
        return polygon((0, 1.2), (1.1, -.8), (-1.1, -.8))
    if kind == "diamond":
        return polygon((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0))
    if kind == "cross":
        return strokes(f"M{x - r:.1f} {y - r:.1f}l{2 * r} {2 * r}m0 {-2 * r}l{-2 * r} {2 * r}")
    plus = f"M{x - r:.1f} {y:.1f}h{2 * r}M{x:.1f} {y - r:.1f}v{2 * r}"
    if kind == "plus":
        return strokes(plus)
    return strokes(plus + f"M{x - .7 * r:.1f} {y - .7 * r:.1f}l{1.4 * r:.1f} {1.4 * r:.1f}"
                   f"m0 {-1.4 * r:.1f}l{-1.4 * r:.1f} {1.4 * r:.1f}")


def _text(x, y, text, anchor="start", size=13, colour=INK, extra=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
            f'fill="{colour}"{extra}>{escape(text)}</text>')


class Axis:
    """From values to places on the picture."""

    def __init__(self, least, most, begin, end, ticks, logarithmic=False):
        self.least, self.most, self.begin, self.end = least, most, begin, end
        self.ticks, self.logarithmic = ticks, logarithmic

    def __call__(self, value):
        if self.logarithmic:
            part = math.log(value / self.least) / math.log(self.most / self.least)
        else:
            part = (value - self.least) / (self.most - self.least)
        return self.begin + part * (self.end - self.begin)

    def holds(self, value):
        return self.least <= value * 1.000001 and value <= self.most * 1.000001


class Line:
    """points: (x, median, least, most), sorted by x."""

    def __init__(self, name, style, points):
        self.name, self.points = name, points
        self.colour, self.mark = COLOURS[style % len(COLOURS)], MARKS[style % len(MARKS)]


def _spread_out(places, gap, top, bottom):
    """Move places apart, so that their labels don't overlap, and keep their order."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for before, now in zip(order, order[1:]):
        moved[now] = max(moved[now], moved[before] + gap)
    excess = max([0.0] + [moved[i] - bottom for i in order[-1:]])
    for i, now in reversed(list(enumerate(order))):
        limit = bottom if i == len(order) - 1 else moved[order[i + 1]] - gap
        moved[now] = min(moved[now], limit) if excess else moved[now]
    return [max(top, place) for place in moved]


def _grid(x, y, titles, x_labels, y_labels, strong):
    parts = []
    for tick in y.ticks:
        colour = "#888888" if tick == strong else PALE
        parts.append(f'<line x1="{x.begin:.1f}" x2="{x.end:.1f}" y1="{y(tick):.1f}" '
                     f'y2="{y(tick):.1f}" stroke="{colour}"/>')
        parts.append(_text(x.begin - 8, y(tick) + 4.5, y_labels(tick), "end"))
    for tick in x.ticks:
        parts.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{y.begin:.1f}" '
                     f'y2="{y.begin + 5:.1f}" stroke="{INK}"/>')
        parts.append(_text(x(tick), y.begin + 20, x_labels(tick), "middle"))
    parts.append(f'<line x1="{x.begin:.1f}" x2="{x.end:.1f}" y1="{y.begin:.1f}" '
                 f'y2="{y.begin:.1f}" stroke="{INK}"/>')
    middle = (x.begin + x.end) / 2
    parts.append(_text(middle, y.begin + 42, titles[0], "middle"))
    parts.append(_text(x.begin - 40, y.end - 16, titles[1], "start", 13, INK,
                       ' font-weight="bold"'))
    return parts


def panel(lines, x, y, titles, x_labels=str, y_labels=str, strong=None):
    """A diagram, the first line on top; points that are outside the axes are left out, and a
    spread that leaves it ends in an arrow.  strong: a value whose grid line is to be seen."""
    parts = _grid(x, y, titles, x_labels, y_labels, strong)
    ends = []
    for line in reversed(lines):
        points = [p for p in line.points if y.holds(p[1])]
        if not points:
            continue
        path = " ".join(f"{x(p[0]):.1f},{y(p[1]):.1f}" for p in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{line.colour}" '
                     'stroke-width="2"/>')
        for value, _, least, most in points:
            high, low = (y(min(max(v, y.least), y.most)) for v in (most, least))
            parts.append(f'<line x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{low:.1f}" '
                         f'y2="{high:.1f}" stroke="{line.colour}" stroke-width="1.2"/>')
            if most > y.most:
                parts.append(f'<path d="M{x(value) - 4:.1f} {high + 7:.1f}l4 -7l4 7" '
                             f'stroke="{line.colour}" stroke-width="1.2" fill="none"/>')
        parts += [_mark(line.mark, x(p[0]), y(p[1]), line.colour) for p in points]
        ends.append((line, x(points[-1][0]), y(points[-1][1])))
    places = _spread_out([end[2] for end in ends], 16, y.end, y.begin)
    for (line, end_x, end_y), place in zip(ends, places):
        parts.append(f'<path d="M{end_x + 7:.1f} {end_y:.1f}L{x.end + 12:.1f} {place:.1f}" '
                     f'stroke="{line.colour}" stroke-width="0.8" fill="none"/>')
        parts.append(_mark(line.mark, x.end + 19, place, line.colour, 4))
        parts.append(_text(x.end + 28, place + 4.5, line.name))
    return parts


def picture(width, height, title, subtitle, parts):
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" {FONT}>',
        f'<title>{escape(title)}</title>',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        _text(24, 30, title, size=17, extra=' font-weight="bold"'),
        _text(24, 50, subtitle, size=13, colour="#555555"),
        *parts, "</svg>", ""])
