"""How the page of a check looks."""

from simulator.report import style

CHANGED = "#fff1b8"
FAILED = "#fdecea"

CSS = f"""
body {{ margin: 0; background: #f4f6f8; color: {style.INK}; font: 15px/1.5 {style.FONT}; }}
main {{ max-width: 1640px; margin: 0 auto; padding: 24px; }}
header, section {{ background: {style.PAPER}; border: 1px solid {style.GRID}; border-radius: 10px;
  padding: 18px 24px; margin-bottom: 20px; }}
h1 {{ font-size: 26px; margin: 0 0 12px; }} h2 {{ font-size: 18px; margin: 0 0 12px; }}
dl {{ display: grid; gap: 10px 28px; margin: 0;
  grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); }}
dt {{ color: {style.MUTED}; font-size: 12.5px; }} dd {{ margin: 0; overflow-wrap: anywhere; }}
a {{ color: #1d6bb5; }} figure {{ margin: 12px 0; }}
figcaption, .same {{ color: {style.MUTED}; }} figcaption {{ font-size: 12.5px; }}
details {{ border-top: 1px solid {style.GRID}; padding: 8px 0; }} summary {{ cursor: pointer; }}
.scroll {{ overflow: auto; max-height: 900px; max-width: 100%; width: fit-content;
  border: 1px solid {style.GRID}; border-radius: 6px; margin: 8px 0; }}
table {{ border-collapse: separate; border-spacing: 0; font-size: 12.5px;
  font-variant-numeric: tabular-nums; }}
th, td {{ padding: 5px 8px; border-bottom: 1px solid {style.GRID}; text-align: left;
  vertical-align: top; }}
th {{ position: sticky; top: 0; background: #f4f6f8; font-weight: 600; z-index: 1; }}
.figures td:nth-child(n+3), .figures th:nth-child(n+3) {{ text-align: right; }}
.changes td {{ min-width: 110px; max-width: 300px; }} .changes td:first-child {{ min-width: 0; }}
.rows th:nth-child(n+6):not(:last-child) {{ writing-mode: vertical-rl; padding: 8px 2px; }}
.rows td:nth-child(n+6):not(:last-child) {{ padding: 5px 2px; text-align: center; }}
mark {{ background: {CHANGED}; border-radius: 3px; padding: 0 2px; }}
tr.again td {{ background: #f1f5fb; }} tr.untaken td {{ color: {style.MUTED}; }}
tr.fails td, tr.dead td, p.fails {{ background: {FAILED}; color: {style.LOSS}; font-weight: 600; }}
svg text {{ font: 12px {style.FONT}; fill: {style.INK}; }}
.life {{ stroke: {style.FAINT}; }} .head {{ fill: {style.INK}; }}
svg .name {{ fill: {style.PAPER}; text-anchor: middle; font-weight: 600; }}
.note {{ fill: {CHANGED}; stroke: #e2c76b; }} svg .state {{ text-anchor: middle; font-size: 11px; }}
.move {{ stroke: {style.INK}; stroke-width: 1.4; fill: none; }} .point {{ fill: {style.INK}; }}
svg .what {{ text-anchor: middle; paint-order: stroke; stroke: {style.PAPER}; stroke-width: 4px; }}
svg .left {{ text-anchor: start; }} svg .number {{ text-anchor: end; fill: {style.MUTED}; }}
.loop {{ fill: #f1f5fb; stroke: #1d6bb5; stroke-dasharray: 5 4; }}
svg .forever {{ text-anchor: end; fill: #1d6bb5; font-weight: 600; }}
svg .end {{ fill: {style.LOSS}; font-weight: 600; }}
.bar {{ fill: #1d6bb5; }} .axis {{ stroke: {style.MUTED}; }}
svg .tick {{ text-anchor: middle; fill: {style.MUTED}; font-size: 11px; }}
svg .side {{ text-anchor: end; fill: {style.MUTED}; font-size: 11px; }}
"""
