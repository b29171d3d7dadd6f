"""The picture as one HTML file that needs nothing else: style and script are in it, and no address."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Final

import orjson

from flows.cli.drawing.figures import Figures
from flows.cli.drawing.vector import drawing

STYLE: Final = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2733; --faint: #6b7785; --grid: #e4e8ec; --axis: #8793a0; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #12171d; --ink: #e6ebf0; --faint: #9aa7b5; --grid: #27303a; --axis: #5c6773; }
}
body { margin: 0 auto; padding: 20px 24px; max-width: 1240px; background: var(--paper); color: var(--ink);
  font: 14px/1.45 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
h1 { font-size: 21px; margin: 0; }
p { margin: 2px 0 10px; color: var(--faint); }
svg { width: 100%; height: auto; display: block; font-size: 11px; outline-offset: 4px; }
svg text { fill: var(--ink); }
svg text.title { font-size: 13px; font-weight: 600; }
svg text.row { font-size: 9px; fill: var(--faint); }
svg text.name { cursor: default; font-weight: 500; }
.grid { stroke: var(--grid); } .axis { stroke: var(--axis); }
.line { fill: none; stroke-width: 1.3; stroke-linejoin: round; } .line.fund { stroke-width: 2; }
.dim { opacity: .13; } .bright { stroke-width: 2.4; }
#cross { stroke: var(--ink); stroke-dasharray: 3 3; opacity: .6; pointer-events: none; }
#tip { position: fixed; display: none; pointer-events: none; padding: 8px 10px; border: 1px solid var(--axis);
  border-radius: 6px; background: var(--paper); font-size: 12px; box-shadow: 0 3px 12px rgb(0 0 0 / .2); }
#tip b { display: block; } #tip td { padding: 0 0 0 8px; text-align: right; font-variant-numeric: tabular-nums; }
#tip td:first-child { padding: 0; text-align: left; }
#tip i { display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin-right: 6px; }
"""

SCRIPT: Final = """
const told = JSON.parse(document.getElementById("told").textContent);
const svg = document.getElementById("picture"), cross = document.getElementById("cross");
const tip = document.getElementById("tip");
let minute = 0, panel = told.panels[0];

function cell(row, text) { const td = row.insertCell(); td.append(text); return td; }

function line(table, colour, name, value) {
  const row = table.insertRow(), swatch = document.createElement("i");
  swatch.style.background = colour;
  const first = cell(row, swatch);
  first.append(name);
  cell(row, value);
}

function fill() {
  const time = new Date((told.first + minute) * 60000).toISOString().slice(0, 16).replace("T", " ");
  const head = document.createElement("b"), table = document.createElement("table");
  head.textContent = time + " UTC, " + panel.title.split(",")[0].toLowerCase();
  const places = { minimumFractionDigits: panel.places };
  for (const each of panel.series) {
    const value = each.values[minute];
    line(table, each.colour, each.name, value === null ? "-" : value.toLocaleString("en", places));
  }
  if (panel.name === "states") {
    for (const [market, state, start, end, colour] of told.spans)
      if (start < minute + 1 && end >= minute) line(table, colour, told.markets[market], state);
    if (!table.rows.length) line(table, "transparent", "nothing unusual", "");
  }
  tip.replaceChildren(head, table);
}

function show(left, top) {
  const x = told.left + told.inner * (minute + 0.5) / told.minutes;
  cross.setAttribute("x1", x); cross.setAttribute("x2", x); cross.setAttribute("visibility", "visible");
  fill();
  tip.style.display = "block";
  const box = tip.getBoundingClientRect();
  tip.style.left = (left + 18 + box.width > innerWidth ? left - 18 - box.width : left + 18) + "px";
  tip.style.top = Math.max(4, Math.min(top + 12, innerHeight - box.height - 4)) + "px";
}

function hide() { tip.style.display = "none"; cross.setAttribute("visibility", "hidden"); }

function bound(value) { return Math.max(0, Math.min(told.minutes - 1, value)); }

svg.addEventListener("pointermove", event => {
  const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
  const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
  const found = told.panels.find(each => y >= each.top && y < each.bottom);
  if (!found || x < told.left || x > told.left + told.inner) return hide();
  panel = found;
  minute = bound(Math.floor((x - told.left) / told.inner * told.minutes));
  show(event.clientX, event.clientY);
});
svg.addEventListener("pointerleave", hide);
svg.addEventListener("blur", hide);
svg.addEventListener("keydown", event => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key], down = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (step) minute = bound(minute + step * (event.shiftKey ? 10 : 1));
  else if (down) panel = told.panels[(told.panels.indexOf(panel) + down + told.panels.length) % told.panels.length];
  else return;
  event.preventDefault();
  const box = svg.getBoundingClientRect(), scale = box.width / svg.viewBox.baseVal.width;
  const x = told.left + told.inner * (minute + 0.5) / told.minutes;
  show(box.left + x * scale, box.top + (panel.top + 30) * scale);
});

for (const name of svg.querySelectorAll(".name")) {
  const lines = svg.querySelectorAll(".line.prices");
  name.addEventListener("pointerenter", () => {
    for (const each of lines) each.classList.add(each.dataset.of === name.dataset.of ? "bright" : "dim");
  });
  name.addEventListener("pointerleave", () => {
    for (const each of lines) each.classList.remove("bright", "dim");
  });
}
"""


def write_page(path: Path, figures: Figures) -> None:
    """Draw and write."""
    svg, told = drawing(figures)
    data = orjson.dumps(told).decode().replace("</", "<\\/")
    title = escape(figures.title)
    path.write_text(
        f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{title}</h1>
<p>{escape(figures.source)} Point at a panel for its values; arrow keys move, too.</p>
{svg}
<div id="tip" role="status"></div>
<script id="told" type="application/json">{data}</script>
<script>{SCRIPT}</script>
</body>
</html>
""",
        encoding="utf-8",
    )
