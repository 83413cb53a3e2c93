import { useEffect, useRef } from "preact/hooks";
import { useDashboard } from "../live/dashboard.ts";
import { useOnScreen } from "../parts/chart.tsx";
import { countText, durationParts, durationText, joined, percentText, sizeText } from "../parts/text.ts";
import type { NowFigures } from "./now-figures.ts";
import { type Lanes, lanesOf, PaneDrawing } from "./pane-drawing.ts";

/** Frames a second; enough for strokes that take seconds to cross. */
const FRAME_MS = 83;
const STILL_FRAME_MS = 2000;

/** The cache as a pane of glass: reads come from the left, hits end at it, misses pass through to the origin. */
export function Pane({ figures }: { readonly figures: NowFigures }) {
  const { display, newest, link, clock } = useDashboard();
  const [frame, isOnScreen] = useOnScreen<HTMLElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const lanes = lanesOf(figures);
  const lanesNow = useRef<Lanes>(lanes);
  lanesNow.current = lanes;
  const isStill = display.still.value || link.value.state !== "live";
  const isAttended = display.isAttended.value;
  const draw = useRef(() => {});
  useEffect(() => {
    if (canvas.current === null || !isOnScreen) return undefined;
    const drawing = new PaneDrawing(canvas.current, clock);
    draw.current = () => {
      if (!document.hidden) drawing.draw(newest(), lanesNow.current, isStill);
    };
    draw.current();
    if (!isAttended) return undefined;
    const timer = setInterval(draw.current, isStill ? STILL_FRAME_MS : FRAME_MS);
    return () => clearInterval(timer);
  }, [isOnScreen, isStill, isAttended, newest, clock]);
  // When nobody has touched the page of late, it changes with the figures only.
  useEffect(() => {
    if (!isAttended) draw.current();
  }, [isAttended, figures]);
  const { hitsPerSecond, missesPerSecond, coalescedPerSecond, readsPerSecond } = figures;
  const toOrigin = (missesPerSecond ?? 0) - (coalescedPerSecond ?? 0);
  const spared = (hitsPerSecond ?? 0) + (coalescedPerSecond ?? 0);
  const share = readsPerSecond ? toOrigin / readsPerSecond : undefined;
  const summary =
    readsPerSecond === undefined
      ? "No reads yet"
      : `Of ${countText(readsPerSecond)} reads a second, ${countText(hitsPerSecond)} are hits, ${countText(coalescedPerSecond)} wait for another read's answer, and ${countText(toOrigin)} reach the origin.`;
  return (
    <figure class="pane" ref={frame} aria-label={summary}>
      <figcaption>
        <b>
          {figures.clients !== undefined && `${countText(figures.clients)} clients ask: `}
          {countText(readsPerSecond)} reads a second
        </b>
        <span class="at-glass">the cache, {sizeText(figures.memoryLimit)}</span>
        <span>the origin</span>
      </figcaption>
      <div class="flow" style={{ "--hits": lanes.hits, "--waits": lanes.waits, "--misses": lanes.misses }}>
        {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas without handlers takes no focus */}
        <canvas ref={canvas} aria-hidden="true" />
        <div class="glass" aria-hidden="true" />
        <p class="hits">
          <b class="hit">| {countText(hitsPerSecond)} end here</b>
          <span>
            hits, {percentText(figures.hitRatio10s)} %, in {durationText(figures.hitMs)}
          </span>
        </p>
        <p class="spared prose">
          The origin never sees <b data-figure="spared">{countText(spared)}</b> of them. That is{" "}
          <b>{joined(durationParts(figures.savedMsPerSecond))}</b> of its work, every second.
        </p>
      </div>
      <p class="below">
        <b class="coalesced">= {countText(coalescedPerSecond)} wait for another's answer</b>
        <span>
          <b class="miss"># {countText(toOrigin)} pass</b>, {percentText(share)} %, in{" "}
          {durationText(figures.missMs)}
        </span>
      </p>
    </figure>
  );
}
