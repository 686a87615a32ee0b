"""Plots of the main figures, readable on light and dark pages: transparent background, mid-tone colours."""

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.figures import figure
from bench.rows import Results
from bench.tables import title

INK = "#7d8590"
COLOURS = {
    "akako": "#2f81f7",
    "in_request": "#a0722a",
    "delay_payload": "#c2622d",
    "delay_id": "#d0524f",
    "procrastinate": "#9467bd",
    "node": "#3a9a4f",
    "bare": "#8b949e",
}
STYLE = {
    "font.family": "sans-serif",
    "font.size": 10,
    "svg.fonttype": "none",
    "svg.hashsalt": "akako",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": INK,
    "grid.alpha": 0.3,
}
LOGARITHMIC, PLAIN = "log", "{x:,.0f}"


def draw(results: Results, directory: Path) -> list[str]:
    """Write every plot that has rows, and return their names."""
    directory.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, tuple[str, Callable[[Axes, Results], None]]] = {
        "accepts": ("accepts", _accepts),
        "waits": ("accepts", _waits),
        "steady": ("steady", _steady),
        "applies": ("applies", _applies),
        "visible": ("visible", _visible),
        "burst": ("burst", _burst),
    }
    drawn = [name for name, (measure, _) in pictures.items() if results.of(measure)]
    with mpl.rc_context(STYLE):
        for name in drawn:
            canvas = Figure(figsize=(8, 4), layout="constrained")
            pictures[name][1](canvas.subplots(), results)
            canvas.savefig(directory / f"{name}.svg", transparent=True, metadata={"Date": None})
    return drawn


def _accepts(axes: Axes, results: Results) -> None:
    _lines(axes, results, "accepts", "rate")
    axes.set(xlabel="connections", ylabel="deliveries stored per second")


def _waits(axes: Axes, results: Results) -> None:
    _lines(axes, results, "accepts", "p99_ms")
    axes.set(xlabel="connections", ylabel="p99, milliseconds")


def _visible(axes: Axes, results: Results) -> None:
    _lines(axes, results, "visible", "p50_ms")
    axes.set(xlabel="deliveries per second", ylabel="202 to role, p50, milliseconds")


def _steady(axes: Axes, results: Results) -> None:
    _bars(axes, results, "steady", "p99_ms", results.settings("steady")[0])
    axes.set_xscale(LOGARITHMIC)
    axes.xaxis.set_major_formatter(PLAIN)
    axes.set(xlabel=f"p99 at {results.settings('steady')[0]}/s, milliseconds (lower is better)")


def _applies(axes: Axes, results: Results) -> None:
    _bars(axes, results, "applies", "rate", 2)
    axes.set(xlabel="events applied per second, two worker processes")


def _burst(axes: Axes, results: Results) -> None:
    _bars(axes, results, "burst", "rate", 1)
    axes.set(xlabel="deliveries settled per second, one receiver and two worker processes")


def _lines(axes: Axes, results: Results, measure: str, name: str) -> None:
    settings = results.settings(measure)
    for contender in results.contenders(measure):
        points = [
            (at, figure(rounds).median) for at in settings if (rounds := results.rounds(measure, contender, at, name))
        ]
        wide = 2.6 if contender == "akako" else 1.5
        axes.plot(
            *zip(*points, strict=True), marker="o", color=COLOURS[contender], linewidth=wide, label=title(contender)
        )
    axes.set(xscale=LOGARITHMIC, yscale=LOGARITHMIC)
    axes.yaxis.set_major_formatter(PLAIN)
    axes.set_xticks(settings, [f"{at:,}" for at in settings])
    axes.minorticks_off()
    axes.grid(visible=True)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)


def _bars(axes: Axes, results: Results, measure: str, name: str, at: int) -> None:
    contenders: Sequence[str] = [each for each in reversed(results.contenders(measure)) if each != "bare"]
    rounds = [figure(results.rounds(measure, each, at, name)) for each in contenders]
    spread = [[each.median - each.least for each in rounds], [each.most - each.median for each in rounds]]
    bars = axes.barh(
        [title(each) for each in contenders],
        [each.median for each in rounds],
        xerr=spread,
        color=[COLOURS[each] for each in contenders],
        ecolor=INK,
    )
    axes.bar_label(bars, labels=[f"{each.median:,.0f}" for each in rounds], padding=6, color=INK)
    axes.margins(x=0.12)
    axes.grid(visible=True, axis="x")
    axes.set_axisbelow(True)
