import { useWidth } from "../../parts/chart.tsx";
import type { Arrow, Band, Fill, Lanes, Place } from "./lanes.ts";

/** Height of a step, and of the head with the names. */
const ROW = 34;
const HEAD = 44;
const FOOT = 14;
/** The least number of rows that have room, so that the page does not jump at each step. */
const LEAST_ROWS = 12;
/** Within a row: what comes in, and what goes out because of it. */
const IN = 8;
const OUT = 22;
/** Where each line is, in per cent of the width. */
const X: Readonly<Record<Place, number>> = {
  ...{ Ana: 5, Ben: 16, Cleo: 27 },
  ...{ lease: 40, fill: 48, proxy: 58, origin: 94 },
};
const PLACES: readonly (readonly [place: Place, name: string])[] = [
  ["Ana", "Ana"],
  ["Ben", "Ben"],
  ["Cleo", "Cleo"],
  ["proxy", "Proxy"],
  ["origin", "Origin"],
];
const SERVERS: readonly Place[] = ["proxy", "origin"];
const HEAD_LENGTH = 8;
/** Below the present, each frame under way has a line of its own. */
const SLOT = 22;
const LABEL_CHARACTER = 7.3;
/** Half the width of a band. */
const BAND = 11;

export interface LanesDrawingProps {
  readonly lanes: Lanes;
  /** The sentence that says what the drawing shows at this moment. */
  readonly label: string;
  /** Whether leases are drawn. */
  readonly hasLeases?: boolean;
}

/** Clients, proxy, wire and origin as lines; time goes down, and what each holds is a band on its line. */
export function LanesDrawing({ lanes, label, hasLeases = true }: LanesDrawingProps) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const underWay = lanes.arrows.filter(({ toRow }) => toRow === undefined).length;
  const height = HEAD + Math.max(LEAST_ROWS * ROW, lanes.rows * ROW + (underWay + 1) * SLOT) + FOOT;
  return (
    <div ref={frame} class="race-lanes" role="img" aria-label={label}>
      {width > 0 && (
        <svg aria-hidden="true" width={width} height={height}>
          <Drawn lanes={lanes} width={width} height={height} hasLeases={hasLeases} />
        </svg>
      )}
    </div>
  );
}

interface Scale {
  readonly now: number;
  /** Where a place's line is, in pixels. */
  readonly x: (place: Place) => number;
}

function Drawn({
  lanes,
  width,
  height,
  hasLeases,
}: {
  readonly lanes: Lanes;
  readonly width: number;
  readonly height: number;
  readonly hasLeases: boolean;
}) {
  const { rows, arrows, bands, fills, leases } = lanes;
  const now = rows - 1;
  const x = (place: Place): number => Math.round((X[place]! * width) / 100);
  const scale = { now, x };
  return (
    <>
      <defs>
        <pattern
          id="race-old"
          width="6"
          height="6"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <rect width="2.5" height="6" class="hatch" />
        </pattern>
      </defs>
      <rect class="now" x="0" width={width} y={yOf(now)} height={ROW} />
      {PLACES.map(([place, name]) => (
        <g key={place}>
          <text class="strong" x={x(place)} y="16" text-anchor="middle">
            {name}
          </text>
          <line class="life" x1={x(place)} x2={x(place)} y1={HEAD - 18} y2={height - FOOT} />
        </g>
      ))}
      {hasLeases && (
        <text class="soft" x={x("lease")} y="16" text-anchor="middle">
          lease
        </text>
      )}
      <text class="soft" x={(x("proxy") + x("origin")) / 2} y="16" text-anchor="middle">
        wire
      </text>
      {bands.map((band) => (
        <BandOn key={`${band.place} ${band.fromRow} ${band.text}`} band={band} scale={scale} />
      ))}
      {fills.map((fill, i) => (
        <FillLine key={fill.fromRow} fill={fill} shift={i % 2} scale={scale} hasLeases={hasLeases} />
      ))}
      {arrows.map((arrow) => (
        <ArrowLine key={arrow.id} arrow={arrow} scale={scale} />
      ))}
      {hasLeases &&
        leases.map(({ row, lease }) => (
          <text
            key={`${row} ${lease}`}
            class="halo lease"
            x={x("lease")}
            y={yOf(row) + (row === 0 ? 17 : 27)}
            text-anchor="middle"
          >
            {row === 0 ? lease : `→ ${lease}`}
          </text>
        ))}
    </>
  );
}

function yOf(row: number): number {
  return HEAD + row * ROW;
}

function BandOn({ band, scale: { now, x } }: { readonly band: Band; readonly scale: Scale }) {
  const { place, text, fromRow, toRow, oldFromRow } = band;
  const edge = place === "proxy" ? IN : IN + 4;
  const top = yOf(fromRow) + (fromRow === 0 ? 0 : edge);
  const bottom = toRow === undefined ? yOf(now + 1) : yOf(toRow) + edge;
  const oldTop = oldFromRow === undefined ? undefined : Math.max(top, yOf(oldFromRow) + edge);
  const part = (from: number, name: string) => (
    <rect class={name} x={x(place) - BAND} width={2 * BAND} y={from} height={Math.max(0, bottom - from)} />
  );
  return (
    <g class={`band ${place}`}>
      {part(top, "whole")}
      {oldTop !== undefined && part(oldTop, "old")}
      <text class="halo value" x={x(place)} y={top + 15} text-anchor="middle">
        {oldTop === undefined ? text : `${text}~`}
      </text>
    </g>
  );
}

interface FillLineProps {
  readonly fill: Fill;
  /** Two at once stand side by side. */
  readonly shift: number;
  readonly scale: Scale;
  readonly hasLeases: boolean;
}

function FillLine({ fill, shift, scale: { now, x }, hasLeases }: FillLineProps) {
  const { lease, fromRow, toRow, isKept } = fill;
  const at = x("fill") + 10 * shift;
  const top = yOf(fromRow) + OUT;
  const bottom = toRow === undefined ? yOf(now + 1) : yOf(toRow) + IN;
  const name = isKept === undefined ? "waiting" : isKept ? "kept" : "refused";
  return (
    <g class={`fill ${name}`}>
      <line x1={at} x2={at} y1={top} y2={bottom} />
      {hasLeases && (
        <text class="halo" x={at} y={top + 6} text-anchor="middle">
          {lease}
        </text>
      )}
      {isKept !== undefined && (
        <text class="halo mark" x={at} y={bottom + 6} text-anchor="middle">
          {isKept ? "+" : "×"}
        </text>
      )}
    </g>
  );
}

function ArrowLine({ arrow, scale }: { readonly arrow: Arrow; readonly scale: Scale }) {
  const isFrame = SERVERS.includes(arrow.from) && SERVERS.includes(arrow.to);
  return isFrame ? <FrameArrow arrow={arrow} scale={scale} /> : <ClientArrow arrow={arrow} scale={scale} />;
}

/** Between a client and the proxy, or the origin: at once. */
function ClientArrow({ arrow: { kind, text, from, to, fromRow }, scale: { x } }: OfArrow) {
  const isOut = SERVERS.includes(to);
  const y = yOf(fromRow) + (isOut ? IN : OUT);
  const sign = isOut ? 1 : -1;
  const [x1, x2] = [x(from) + sign * edgeOf(from), x(to) - sign * edgeOf(to)];
  return (
    <g class={`arrow ${kind}`}>
      <line x1={x1} x2={x2 - sign * HEAD_LENGTH} y1={y} y2={y} />
      <path d={headAt(x2, y, sign, 0)} />
      <Label text={text} x={x(isOut ? from : to) + HEAD_LENGTH + 6 + labelWidth(text) / 2} y={y} />
    </g>
  );
}

/** On the wire: it takes its time, and may be under way. */
function FrameArrow({
  arrow: { kind, text, from, to, fromRow, toRow, ahead, slot },
  scale: { now, x },
}: OfArrow) {
  const sign = to === "origin" ? 1 : -1;
  const x1 = x(from) + sign * edgeOf(from);
  const whole = x(to) - sign * edgeOf(to) - x1;
  // A frame under way has come as far as its place in the line allows.
  const share = toRow === undefined ? Math.max(0.4, 0.86 - 0.1 * ahead) : 1;
  const x2 = x1 + whole * share;
  const y1 = yOf(fromRow) + OUT;
  const y2 = toRow === undefined ? yOf(now + 1) + SLOT * (slot + 0.75) : yOf(toRow) + IN;
  const slope = (y2 - y1) / (x2 - x1);
  return (
    <g class={`arrow ${kind}`}>
      <line x1={x1} x2={x2} y1={y1} y2={y2} />
      {toRow === undefined ? <circle cx={x2} cy={y2} r="4.5" /> : <path d={headAt(x2, y2, sign, slope)} />}
      {toRow === undefined ? (
        <Label text={text} x={x2 - sign * (labelWidth(text) / 2 + HEAD_LENGTH)} y={y2} />
      ) : (
        <Label text={text} x={(x1 + x2) / 2} y={(y1 + y2) / 2} />
      )}
    </g>
  );
}

/** A text on a line, which it hides. */
function Label({ text, x, y }: { readonly text: string; readonly x: number; readonly y: number }) {
  const width = labelWidth(text);
  return (
    <>
      <rect class="ground" x={x - width / 2} y={y - 8} width={width} height="16" rx="3" />
      <text x={x} y={y + 4} text-anchor="middle">
        {text}
      </text>
    </>
  );
}

/** Characters of the monospaced type are equally wide. */
function labelWidth(text: string): number {
  return text.length * LABEL_CHARACTER + 4;
}

interface OfArrow {
  readonly arrow: Arrow;
  readonly scale: Scale;
}

/** How far from its line what stands on it reaches. */
function edgeOf(place: Place): number {
  return SERVERS.includes(place) ? BAND + 1 : 2;
}

/** The head of an arrow that points to the right (1) or left (−1) at a slope. */
function headAt(x: number, y: number, sign: number, slope: number): string {
  const length = Math.hypot(1, slope);
  const [dx, dy] = [(-sign * HEAD_LENGTH) / length, (-sign * HEAD_LENGTH * slope) / length];
  const [nx, ny] = [-dy / 2, dx / 2];
  return `M${x} ${y}L${x + dx + nx} ${y + dy + ny}L${x + dx - nx} ${y + dy - ny}z`;
}
