import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { useDisplay } from "../live/display.ts";
import { useOnScreen } from "../parts/chart.tsx";
import { FIRST, type GlassRun, REQUESTS } from "./glass.ts";
import { glassText } from "./glass-text.ts";

const STEP_MS = 900;
const MOVE_MS = 450;
/** It moves by itself for so many requests. */
const BY_ITSELF = 12;

/** The picture in motion: requests come, end at the glass or pass it, and the entries change places. */
export function GlassStage({ run }: { readonly run: GlassRun }) {
  const display = useDisplay();
  const [seen, isOnScreen] = useOnScreen<HTMLDivElement>();
  const picture = useRef<HTMLDivElement>(null);
  const at = useSignal(FIRST);
  const isPlaying = useSignal(false);
  const hasPlayed = useRef(false);
  const stopAt = useRef(FIRST + BY_ITSELF);
  const isStill = display.still.value;

  useEffect(() => {
    if (!isOnScreen || hasPlayed.current || isStill) return;
    hasPlayed.current = true;
    isPlaying.value = true;
  }, [isOnScreen]);
  useEffect(() => {
    if (!isPlaying.value) return undefined;
    if (at.value >= stopAt.current) {
      isPlaying.value = false;
      return undefined;
    }
    const timer = setTimeout(() => at.value++, STEP_MS);
    return () => clearTimeout(timer);
  }, [isPlaying.value, at.value]);
  useMovingTiles(picture, at.value, isStill);

  const stepTo = (position: number): void => {
    isPlaying.value = false;
    at.value = position;
  };
  const toggle = (): void => {
    hasPlayed.current = true;
    stopAt.current = REQUESTS;
    if (at.value >= REQUESTS) at.value = FIRST;
    isPlaying.value = !isPlaying.value;
  };
  return (
    <div ref={seen}>
      <div
        ref={picture}
        class={isPlaying.value && !isStill ? "moves" : ""}
        // The very markup that stands in the page without a script; names are letters and numbers.
        dangerouslySetInnerHTML={{ __html: glassText(run.at(at.value)) }}
      />
      <p class="acts">
        <button type="button" disabled={at.value <= 1} onClick={() => stepTo(at.value - 1)}>
          Step back
        </button>
        <button type="button" class="main" onClick={toggle}>
          {isPlaying.value ? "Pause" : "Play"}
        </button>
        <button type="button" disabled={at.value >= REQUESTS} onClick={() => stepTo(at.value + 1)}>
          Step
        </button>
      </p>
    </div>
  );
}

/** Lets each tile begin where it was, so that it is seen to move. */
function useMovingTiles(
  picture: { readonly current: HTMLDivElement | null },
  at: number,
  isStill: boolean,
): void {
  const before = useRef(new Map<string, DOMRect>());
  useLayoutEffect(() => {
    const places = new Map<string, DOMRect>();
    for (const tile of picture.current?.querySelectorAll<HTMLElement>(".tile") ?? []) {
      const id = tile.dataset["id"]!;
      const now = tile.getBoundingClientRect();
      places.set(id, now);
      const then = before.current.get(id);
      if (isStill || before.current.size === 0) continue;
      if (then === undefined) tile.animate([{ opacity: 0 }, { opacity: 1 }], MOVE_MS);
      else if (then.left !== now.left || then.top !== now.top) {
        const from = `translate(${then.left - now.left}px, ${then.top - now.top}px)`;
        tile.animate([{ transform: from }, { transform: "none" }], { duration: MOVE_MS, easing: "ease-out" });
      }
    }
    before.current = places;
  }, [at]);
}
