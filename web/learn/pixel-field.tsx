import { useEffect, useMemo, useRef } from "preact/hooks";
import { useDisplay } from "../live/display.ts";
import { useWidth } from "../parts/chart.tsx";
import { counted } from "../parts/text.ts";
import { type CacheView, GHOST, type PlayQueue } from "../play/play-view.ts";
import { LaneHead } from "../queues/lanes.tsx";

/** Sides of a cell, the largest first. */
const CELLS = [10, 8, 6, 5, 4, 3, 2];
const HIGHEST_PX = 220;
/** Strokes of the warmest entries, and ghosts. */
const LEVELS = [0, 1, 2, 3, 4, GHOST];

const NOTHING = new Uint8Array(0);

interface PixelFieldProps {
  readonly cache: CacheView;
  /** The latest view, if it changes more often. */
  readonly latest: (() => CacheView | undefined) | undefined;
}

/** The queues of a large cache: a cell for each entry, from the entrance at the upper left to the exit. */
export function PixelField({ cache, latest }: PixelFieldProps) {
  return (
    <div class="fields dense">
      {cache.queues.map((queue) => (
        <div key={queue.name}>
          <div class="lane-head">
            <LaneHead queue={queue} unit={cache.settings.unit} />
          </div>
          <Cells queue={queue} latest={() => latest?.()?.queues.find(({ name }) => name === queue.name)} />
        </div>
      ))}
    </div>
  );
}

interface CellsProps {
  readonly queue: PlayQueue;
  readonly latest: () => PlayQueue | undefined;
}

function Cells({ queue, latest }: CellsProps) {
  const { name } = queue;
  const field = latest()?.field ?? queue.field ?? NOTHING;
  const [frame, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = `${useDisplay().theme.value} ${matchMedia("(prefers-color-scheme: dark)").matches}`;
  // A style sheet is asked once, not for each picture: that would lay out the page anew.
  const colours = useMemo(() => (width === 0 ? undefined : coloursOf(frame.current!)), [theme, width === 0]);
  const { cell, perRow } = shape(field.length, width);
  const rows = Math.max(1, Math.ceil(field.length / Math.max(1, perRow)));
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context == null || perRow === 0 || colours === undefined) return;
    const image = context.createImageData(perRow, rows);
    const pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < field.length; i++) pixels[i] = colours[field[i]!]!;
    context.putImageData(image, 0, 0);
  }, [field, perRow, rows, colours]);
  return (
    <div ref={frame} class="cells" role="img" aria-label={`${name}: ${fieldText(queue.field ?? NOTHING)}`}>
      {width > 0 && (
        <canvas
          ref={canvas}
          width={Math.max(1, perRow)}
          height={rows}
          style={{ width: `${perRow * cell}px`, height: `${rows * cell}px` }}
        />
      )}
    </div>
  );
}

function shape(count: number, width: number): { cell: number; perRow: number } {
  for (const cell of CELLS) {
    const perRow = Math.floor(width / cell);
    if (perRow > 0 && Math.ceil(count / perRow) * cell <= HIGHEST_PX) return { cell, perRow };
  }
  return { cell: CELLS.at(-1)!, perRow: Math.max(1, Math.floor(width / CELLS.at(-1)!)) };
}

/** How many of a field's entries were read. */
function fieldText(field: Uint8Array): string {
  const ghosts = field.filter((level) => level === GHOST).length;
  if (ghosts > 0) return counted(ghosts, "ghost");
  const read = field.filter((level) => level > 0).length;
  return `${counted(field.length, "entry", "entries")}, ${counted(read, "of them was", "of them were")} read since the fill`;
}

/** The colours of tiles, as pixels: what a style sheet says, drawn and read back. */
function coloursOf(frame: HTMLElement): Uint32Array {
  const colours = new Uint32Array(256);
  const probe = frame.appendChild(document.createElement("i"));
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })!;
  for (const level of LEVELS) {
    probe.className = level === GHOST ? "probe ghost" : `probe warm-${level}`;
    context.fillStyle = getComputedStyle(probe).backgroundColor;
    context.fillRect(0, 0, 1, 1);
    colours[level] = new Uint32Array(context.getImageData(0, 0, 1, 1).data.buffer)[0]!;
  }
  probe.remove();
  return colours;
}
