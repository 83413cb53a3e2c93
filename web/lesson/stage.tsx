import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { CacheQueues, Sentence } from "../learn/cache-queues.tsx";
import { StreamRow } from "../learn/stream-row.tsx";
import { useDisplay } from "../live/display.ts";
import { biographyOf } from "../play/biography.ts";
import { HIT } from "../play/cache-run.ts";
import { viewOf } from "../play/play-view.ts";
import { Run } from "../play/run.ts";
import { AFTER, CACHES, SCAN, type ScanRun } from "./scan-run.ts";
import { verdict } from "./scan-words.ts";

export interface StageProps {
  readonly scan: ScanRun;
  /** Receives what was said and what it was. */
  readonly said: HTMLElement;
}

const STEP_MS = { quiet: 300, scan: 420, after: 420 } as const;
const NAMES: Readonly<Record<string, string>> = { lru: "LRU", "s3-fifo": "S3-FIFO" };

/** Predict, then run: a quiet day by itself, the question, the scan, and what is left of the regulars. */
export function Stage({ scan, said }: StageProps) {
  const run = useMemo(() => new Run(scan.requests, CACHES), [scan]);
  const display = useDisplay();
  const at = useSignal(scan.quiet);
  const before = useRef(scan.quiet);
  const isPlaying = useSignal(!display.still.peek());
  const guess = useSignal<readonly number[] | undefined>(readGuess());
  const isAsked = useSignal(guess.value === undefined);
  const draft = useSignal<readonly number[]>([AFTER / 2, AFTER / 2]);
  const limit = isAsked.value ? scan.scanAt : scan.end;
  const isDone = useSignal(false);
  /** The entry that is told of, until the next step. */
  const opened = useSignal<{ readonly cache: number; readonly id: string } | undefined>(undefined);
  if (at.value === scan.end) isDone.value = true;

  useEffect(() => {
    if (!isPlaying.value) return undefined;
    if (at.value >= limit) {
      isPlaying.value = false;
      return undefined;
    }
    const phase = at.value < scan.scanAt ? "quiet" : at.value < scan.after ? "scan" : "after";
    const timer = setTimeout(() => go(at.value + 1), STEP_MS[phase]);
    return () => clearTimeout(timer);
  }, [isPlaying.value, at.value, limit]);
  useEffect(() => {
    document.documentElement.classList.toggle("asking", !isDone.value);
    if (!isDone.value) return;
    const hits = run.caches.map(
      ({ results }) => results.subarray(scan.after).filter((result) => result === HIT).length,
    );
    said.replaceChildren(
      ...(guess.value ?? []).map((number, i) => {
        const line = document.createElement("p");
        line.className = "prose";
        line.textContent = verdict(CACHES[i]!.policy, number, hits[i]!);
        return line;
      }),
    );
  }, [isDone.value, guess.value]);

  const go = (to: number): void => {
    before.current = at.value;
    opened.value = undefined;
    at.value = Math.max(scan.quiet, Math.min(to, limit));
  };
  const begin = (kept: readonly number[] | undefined): void => {
    guess.value = kept;
    isAsked.value = false;
    history.replaceState(null, "", kept === undefined ? "#" : `#guess=${kept.join(",")}`);
    if (!display.still.value) isPlaying.value = true;
  };

  run.seekTold(at.value);
  const view = viewOf(run, true);
  const isNext = before.current === at.value - 1;
  const earlier = useRef(view);
  const last = earlier.current;
  earlier.current = view;
  const isAtQuestion = isAsked.value && at.value >= scan.scanAt;
  const moments = [
    scan.quiet,
    scan.scanAt,
    scan.scanAt + Math.ceil((scan.after - scan.scanAt) / 2),
    scan.after,
    scan.end,
  ];
  return (
    <section class="stage-box" aria-label="The run">
      <p class="phase" aria-live="polite">
        <b>{phaseTitle(at.value, scan)}</b>
      </p>
      <StreamRow view={view} />
      <div class="caches of-2">
        {view.caches.map((cache, i) => (
          <section
            key={cache.settings.policy}
            class={isNext ? "cache" : "cache jump"}
            aria-label={NAMES[cache.settings.policy]}
          >
            <h3>
              {NAMES[cache.settings.policy]} <span class="label">{cache.settings.size} places</span>
            </h3>
            <Sentence cache={cache} at={view.at} />
            <CacheQueues
              cache={cache}
              before={isNext && last.at === view.at - 1 ? last.caches[i] : undefined}
              at={view.at}
              step={view.at}
              openId={opened.value?.cache === i ? opened.value.id : undefined}
              onOpen={(id) => {
                isPlaying.value = false;
                opened.value = { cache: i, id };
              }}
            />
            {opened.value?.cache === i && (
              <p class="prose why-now" role="status">
                {biographyOf(cache.settings, scan.requests, Number(opened.value.id), at.value).now}
              </p>
            )}
            <p class="label">The {AFTER} after the scan</p>
            <p class="boxes" aria-hidden="true">
              {Array.from({ length: AFTER }, (_, n) => {
                const position = scan.after + n;
                if (at.value <= position) {
                  const isGuess = guess.value !== undefined && n < guess.value[i]!;
                  return (
                    <i key={n} class={isGuess || (isAtQuestion && n < draft.value[i]!) ? "guessed" : ""} />
                  );
                }
                const isHit = run.caches[i]!.results[position] === HIT;
                return (
                  <i key={n} class={isHit ? "hit" : "miss"}>
                    <b>{isHit ? "|" : "#"}</b>
                  </i>
                );
              })}
            </p>
            {isAtQuestion && (
              <label class="guess">
                <span>
                  Your guess for {NAMES[cache.settings.policy]}: <b>{draft.value[i]}</b> of {AFTER} hits
                </span>
                <input
                  type="range"
                  min={0}
                  max={AFTER}
                  value={draft.value[i]}
                  onInput={({ currentTarget }) => {
                    draft.value = draft.value.map((number, n) =>
                      n === i ? Number(currentTarget.value) : number,
                    );
                  }}
                />
              </label>
            )}
          </section>
        ))}
      </div>
      {isAtQuestion ? (
        <div class="acts">
          <p class="prose">
            The scan is at the door: {SCAN} strangers. How many of the {AFTER} requests after it will be hits?
          </p>
          <button type="button" class="main" onClick={() => begin(draft.value)}>
            Keep my guess and let it come
          </button>
          <button type="button" onClick={() => begin(undefined)}>
            Just show me
          </button>
        </div>
      ) : (
        <div class="acts">
          <button type="button" disabled={at.value === scan.quiet} onClick={() => pauseAt(at.value - 1)}>
            Step back
          </button>
          {display.still.value ? (
            <button
              type="button"
              class="main"
              disabled={at.value >= limit}
              onClick={() => pauseAt(moments.find((moment) => moment > at.value) ?? limit)}
            >
              Next moment
            </button>
          ) : (
            <button
              type="button"
              class="main"
              disabled={at.value >= limit}
              onClick={() => (isPlaying.value = !isPlaying.value)}
            >
              {isPlaying.value ? "Pause" : "Play"}
            </button>
          )}
          <button type="button" disabled={at.value >= limit} onClick={() => pauseAt(at.value + 1)}>
            Step
          </button>
          <span class="label">
            request {at.value - scan.quiet} of {scan.end - scan.quiet}
          </span>
          {isDone.value && (
            <button
              type="button"
              onClick={() => {
                isDone.value = false;
                guess.value = undefined;
                isAsked.value = true;
                history.replaceState(null, "", "#");
                pauseAt(scan.scanAt);
              }}
            >
              Begin again, with a new guess
            </button>
          )}
        </div>
      )}
    </section>
  );

  function pauseAt(to: number): void {
    isPlaying.value = false;
    go(to);
  }
}

function phaseTitle(at: number, { scanAt, after, end }: ScanRun): string {
  if (at < scanAt) return "A quiet day: watch what moves when an entry is asked for.";
  if (at === scanAt) return "A quiet day has passed.";
  if (at <= after) return `The scan: stranger ${at - scanAt} of ${after - scanAt}. Look at the letters.`;
  return at === end ? "The run is over." : "After the scan: the regulars come again.";
}

/** A guess that the address holds. */
function readGuess(): readonly number[] | undefined {
  const found = /^#guess=(\d+),(\d+)$/.exec(location.hash);
  const guess = found?.slice(1).map(Number);
  return guess?.every((number) => number <= AFTER) ? guess : undefined;
}
