import { useWidth } from "../../parts/chart.tsx";
import { counted } from "../../parts/text.ts";
import { NEW, OLD } from "./run.ts";
import type { Beat, Entry, ReadMark, Span, Timeline } from "./timeline.ts";

/** Where each line begins: its name stands above it. */
const ORIGIN_Y = 22;
const WIRE_Y = 72;
const PROXY_Y = 132;
const READS_Y = 182;
const AXIS_Y = 218;
const HEIGHT = 246;
const BAND = 22;
const WIRE = 30;
const RIGHT = 8;
/** A band narrower than this has no label. */
const LEAST_LABEL = 22;
/** Strokes that would be nearer to one another are left out, evenly. */
const LEAST_APART = 4.5;

export interface TimelineDrawingProps {
  readonly timeline: Timeline;
  /** The sentence that says what the drawing shows. */
  readonly label: string;
}

/** Origin, wire, proxy and reads as lines, one below the other; time goes to the right. */
export function TimelineDrawing({ timeline, label }: TimelineDrawingProps) {
  const [frame, width] = useWidth<HTMLDivElement>();
  return (
    <div ref={frame} class="wire-lines" role="img" aria-label={label}>
      {width > 0 && (
        <svg aria-hidden="true" width={width} height={HEIGHT}>
          <Drawn timeline={timeline} width={width} />
        </svg>
      )}
    </div>
  );
}

type Scale = (ms: number) => number;

function Drawn({ timeline, width }: { readonly timeline: Timeline; readonly width: number }) {
  const { endMs, nowMs, failsAtMs, changedAtMs, failure, beats, unproven, reads, epochsAtMs, entries } =
    timeline;
  const x: Scale = (ms) => (ms / endMs) * (width - RIGHT);
  const apart = reads.length < 2 ? LEAST_APART : x(reads[1]!.atMs) - x(reads[0]!.atMs);
  const every = Math.ceil(LEAST_APART / apart);
  const olds = reads.filter(({ kind }) => kind === "old");
  const seconds = Array.from({ length: Math.floor(endMs / 2000) + 1 }, (_, i) => 2 * i);
  return (
    <>
      <defs>
        <pattern
          id="wire-old"
          width="6"
          height="6"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <rect width="2.5" height="6" class="hatch" />
        </pattern>
      </defs>
      <Name y={ORIGIN_Y} text="Origin: the price" />
      <Band
        class="origin"
        span={{ fromMs: 0, toMs: Math.min(changedAtMs, nowMs) }}
        y={ORIGIN_Y}
        x={x}
        text={OLD}
      />
      {nowMs > changedAtMs && (
        <Band class="origin" span={{ fromMs: changedAtMs, toMs: nowMs }} y={ORIGIN_Y} x={x} text={NEW} />
      )}
      <Name y={WIRE_Y} text="Wire: heartbeats" />
      <rect class="wire" x="0" width={x(endMs)} y={WIRE_Y} height={WIRE} />
      {failure !== undefined && <FailureSpan span={failure} x={x} />}
      {beats.map((beat) => (
        <BeatMark key={beat.sentAtMs} beat={beat} x={x} />
      ))}
      <Name y={PROXY_Y} text="Proxy serves" />
      {entries.map((entry) => (
        <EntryBand key={entry.fromMs} entry={entry} x={x} />
      ))}
      {unproven.map((span) => (
        <UnprovenSpan key={span.fromMs} span={span} x={x} />
      ))}
      {epochsAtMs.map((ms) => (
        <g key={ms} class="epoch">
          <line x1={x(ms)} x2={x(ms)} y1={PROXY_Y - 4} y2={PROXY_Y + BAND + 4} />
          <text class="halo" x={x(ms) + 4} y={PROXY_Y - 6}>
            epoch
          </text>
        </g>
      ))}
      <Name y={READS_Y} text="Reads" />
      {reads.map((read, i) => i % every === 0 && <ReadStroke key={read.atMs} read={read} x={x} />)}
      {olds.length > 0 && (
        <text class="halo olds" x={x(olds[0]!.atMs)} y={READS_Y - 6}>
          ~ {counted(olds.length, "old read")}
        </text>
      )}
      <line class="axis" x1="0" x2={x(endMs)} y1={AXIS_Y} y2={AXIS_Y} />
      {seconds.map((second) => (
        <g key={second}>
          <line class="axis" x1={x(1000 * second)} x2={x(1000 * second)} y1={AXIS_Y} y2={AXIS_Y + 4} />
          <text x={x(1000 * second)} y={AXIS_Y + 17} text-anchor={second === 0 ? "start" : "middle"}>
            {second === 0 ? "0 s" : second}
          </text>
        </g>
      ))}
      {nowMs >= failsAtMs && (
        <line class="fails" x1={x(failsAtMs)} x2={x(failsAtMs)} y1={WIRE_Y - 4} y2={READS_Y + 26} />
      )}
      {nowMs < endMs && <line class="leader" x1={x(nowMs)} x2={x(nowMs)} y1={ORIGIN_Y - 4} y2={AXIS_Y} />}
    </>
  );
}

function Name({ y, text }: { readonly y: number; readonly text: string }) {
  return (
    <text class="soft halo" x="0" y={y - 6}>
      {text}
    </text>
  );
}

interface BandProps {
  readonly class: string;
  readonly span: Span;
  readonly y: number;
  readonly x: Scale;
  readonly text: string;
}

function Band({ class: name, span: { fromMs, toMs }, y, x, text }: BandProps) {
  return (
    <g class={`band ${name}`}>
      <rect x={x(fromMs)} width={Math.max(0, x(toMs) - x(fromMs))} y={y} height={BAND} />
      {x(toMs) - x(fromMs) > LEAST_LABEL && (
        <text class="value" x={x(fromMs) + 6} y={y + 16}>
          {text}
        </text>
      )}
    </g>
  );
}

/** From the moment in which it was old an entry is hatched. */
function EntryBand({ entry, x }: { readonly entry: Entry; readonly x: Scale }) {
  const { oldFromMs, toMs, text } = entry;
  return (
    <>
      <Band class="proxy" span={entry} y={PROXY_Y} x={x} text={text} />
      {oldFromMs !== undefined && (
        <g class="band">
          <rect class="old" x={x(oldFromMs)} width={x(toMs) - x(oldFromMs)} y={PROXY_Y} height={BAND} />
          {x(toMs) - x(oldFromMs) > LEAST_LABEL && (
            <text class="halo value" x={x(oldFromMs) + 5} y={PROXY_Y + 16}>
              {text}~
            </text>
          )}
        </g>
      )}
    </>
  );
}

function UnprovenSpan({ span: { fromMs, toMs }, x }: { readonly span: Span; readonly x: Scale }) {
  const wide = x(toMs) - x(fromMs);
  return (
    <g class="unproven">
      <rect x={x(fromMs)} width={wide} y={PROXY_Y - 1} height={BAND + 2} />
      {wide > 60 && (
        <text x={x(fromMs) + wide / 2} y={PROXY_Y + 15} text-anchor="middle">
          nothing
        </text>
      )}
    </g>
  );
}

function FailureSpan({ span: { fromMs, toMs }, x }: { readonly span: Span; readonly x: Scale }) {
  const wide = x(toMs) - x(fromMs);
  return (
    <g class="failure">
      <rect x={x(fromMs)} width={wide} y={WIRE_Y} height={WIRE} />
      {wide > 50 && (
        <text class="halo" x={x(toMs) - 6} y={WIRE_Y + 19} text-anchor="end">
          silent
        </text>
      )}
    </g>
  );
}

/** A heartbeat goes up to the origin and its answer down to the proxy; without an answer it stays in the wire. */
function BeatMark({ beat: { sentAtMs, answeredAtMs }, x }: { readonly beat: Beat; readonly x: Scale }) {
  const at = x(sentAtMs);
  if (answeredAtMs === undefined) {
    return (
      <g class="beat lost">
        <line x1={at} x2={at} y1={WIRE_Y + WIRE} y2={WIRE_Y + WIRE / 2 + 4} />
        <circle cx={at} cy={WIRE_Y + WIRE / 2} r="4" />
      </g>
    );
  }
  return (
    <g class="beat">
      <path d={`M${at} ${WIRE_Y + WIRE}V${WIRE_Y}L${x(answeredAtMs)} ${WIRE_Y + WIRE}`} />
    </g>
  );
}

function ReadStroke({ read: { atMs, kind, endedAtMs }, x }: { readonly read: ReadMark; readonly x: Scale }) {
  const at = x(atMs);
  const isLong = kind === "late" || kind === "failed" || kind === "waiting";
  const [top, bottom] = isLong || kind === "origin" ? [READS_Y + 10, READS_Y + 20] : [READS_Y, READS_Y + 20];
  return (
    <g class={`read ${kind}`}>
      <line x1={at} x2={at} y1={kind === "old" ? top - 2 : top} y2={bottom} />
      {isLong && endedAtMs !== undefined && <path d={`M${at} ${bottom}L${x(endedAtMs)} ${READS_Y + 26}`} />}
      {kind === "failed" && (
        <text x={at} y={READS_Y + 8} text-anchor="middle">
          !
        </text>
      )}
    </g>
  );
}
