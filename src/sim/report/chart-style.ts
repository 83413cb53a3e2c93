import { colourNames } from "./line-styles.ts";

/** Custom properties for the background, and for text and lines on it. */
export const LIGHT = "--background:#ffffff;--text:#1c1e21;--faint:#5d646c;--grid:#e3e6e9;";
export const DARK = "--background:#15181b;--text:#e8eaed;--faint:#a2a9b1;--grid:#30363c;";

/** Needs those properties, and those of the colours. */
export const CHART_STYLE = `svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--text)}
svg .title{font-size:15px;font-weight:600}
svg .axis{fill:var(--faint)}
svg .grid{stroke:var(--grid);stroke-width:1}
svg .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
svg .leader{fill:none;stroke-width:1;opacity:.55}
svg .dot{stroke:var(--background);stroke-width:1}
svg .unseen{opacity:0}
svg .dots{fill:none;stroke-width:6;stroke-linecap:round}
svg .scaled{vector-effect:non-scaling-stroke}
${colourNames()
  .map(
    (colour) =>
      `svg .${colour}{stroke:var(--${colour})}svg .dot.${colour}{fill:var(--${colour});stroke:var(--background)}svg .band.${colour}{fill:var(--${colour});stroke:none}`,
  )
  .join("\n")}`;
