import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { CacheQueues, Sentence } from "../learn/cache-queues.tsx";
import { StreamRow } from "../learn/stream-row.tsx";
import { biographyOf } from "../play/biography.ts";
import { HIT } from "../play/cache-run.ts";
import { viewOf } from "../play/play-view.ts";
import { Run } from "../play/run.ts";
import { Acts, GuessSlider, useVerdicts } from "./acts.tsx";
import { taught } from "./policies.ts";
import { useStagePlayer } from "./stage-player.ts";
import { type Counted, guessedRow, hitsAmong, type StagedRun } from "./staged-run.ts";

export interface CacheStageProps {
  readonly staged: StagedRun;
  /** Says where the run is. */
  readonly phase: (at: number) => string;
  readonly stepMs?: (at: number) => number;
  /** Further positions to look at for readers who want no movement. */
  readonly moments?: readonly number[];
  readonly asks: string;
  readonly keep: string;
  /** Compares a guess with the hits that there were. */
  readonly verdict: (policy: string, guess: number, hits: number) => string;
  /** In place of the policy's name and rules, for lessons in which they do not matter. */
  readonly plain?: string;
  /** Drawn below the requests. */
  readonly children?: (run: Run) => ComponentChildren;
}

const STEP_MS = 420;

/** Caches side by side on one stream of requests, and boxes that a guess fills first, and then the run. */
export function CacheStage({
  staged,
  phase,
  stepMs = () => STEP_MS,
  moments = [],
  asks,
  keep,
  verdict,
  plain,
  children,
}: CacheStageProps) {
  const { requests, caches, from, askAt, end, counted } = staged;
  const run = useMemo(() => new Run(requests, caches), [staged]);
  const guessed = guessedRow(staged);
  const most = guessed.to - guessed.from;
  const player = useStagePlayer({
    ...{ from, askAt, end, most, stepMs },
    moments: [...new Set([askAt, ...moments, end])].toSorted((a, b) => a - b),
    guesses: caches.length,
    first: Math.floor(most / 2),
  });
  useVerdicts(player, (i, guess) => verdict(caches[i]!.policy, guess, hitsIn(run, i, guessed)));
  /** The entry that is told of, until the next step. */
  const opened = useSignal<{ readonly at: number; readonly cache: number; readonly id: string } | undefined>(
    undefined,
  );
  const open = opened.value?.at === player.at ? opened.value : undefined;

  run.seekTold(player.at);
  const view = viewOf(run, true);
  const earlier = useRef(view);
  const last = earlier.current;
  earlier.current = view;
  return (
    <section class="stage-box" aria-label="The run">
      <p class="phase" aria-live={player.isPlaying ? "off" : "polite"}>
        <b>{phase(player.at)}</b>
      </p>
      <StreamRow view={view} />
      {children?.(run)}
      <div class={`caches of-${caches.length}${plain === undefined ? "" : " plain"}`}>
        {view.caches.map((cache, i) => {
          const title = plain ?? taught(cache.settings.policy).title;
          return (
            <section
              key={cache.settings.policy}
              class={player.isNext ? "cache" : "cache jump"}
              aria-label={title}
            >
              <h3>
                {title} <span class="label">{cache.settings.size} places</span>
              </h3>
              <Sentence cache={cache} at={view.at} />
              <CacheQueues
                cache={cache}
                before={player.isNext && last.at === view.at - 1 ? last.caches[i] : undefined}
                at={view.at}
                step={view.at}
                openId={open?.cache === i ? open.id : undefined}
                onOpen={(id) => {
                  player.pause();
                  opened.value = { at: player.at, cache: i, id };
                }}
              />
              {open?.cache === i && (
                <p class="prose why-now" role="status">
                  {biographyOf(cache.settings, requests, Number(open.id), player.at).now}
                </p>
              )}
              {counted.map((row) => (
                <CountedRow
                  key={row.title}
                  row={row}
                  run={run}
                  index={i}
                  at={player.at}
                  guess={
                    row !== guessed
                      ? undefined
                      : (player.guess?.[i] ?? (player.isAtQuestion ? player.draft[i] : undefined))
                  }
                />
              ))}
              <GuessSlider
                player={player}
                index={i}
                most={most}
                label={caches.length === 1 ? "Your guess" : `Your guess for ${title}`}
                unit={`of ${most} hits`}
              />
            </section>
          );
        })}
      </div>
      <Acts
        player={player}
        asks={asks}
        keep={keep}
        where={`request ${player.at - from} of ${end - from}`}
        from={from}
      />
    </section>
  );
}

interface CountedRowProps {
  readonly row: Counted;
  readonly run: Run;
  readonly index: number;
  readonly at: number;
  readonly guess: number | undefined;
}

/** A box for each request that is counted: empty, guessed, or what it was. */
function CountedRow({ row: { title, from, to }, run, index, at, guess }: CountedRowProps) {
  const { results } = run.caches[index]!;
  const made = Math.max(0, Math.min(at, to) - from);
  const hits = hitsAmong(results, from, from + made);
  return (
    <>
      <p class="label">
        {title}
        {made > 0 &&
          `: ${hits} ${hits === 1 ? "hit" : "hits"} of ${made === to - from ? "" : "the first "}${made}`}
      </p>
      <p class="boxes" aria-hidden="true">
        {Array.from({ length: to - from }, (_, n) => {
          if (n >= made) return <i key={n} class={guess !== undefined && n < guess ? "guessed" : ""} />;
          const isHit = results[from + n] === HIT;
          return (
            <i key={n} class={isHit ? "hit" : "miss"}>
              <b>{isHit ? "|" : "#"}</b>
            </i>
          );
        })}
      </p>
    </>
  );
}

function hitsIn(run: Run, index: number, { from, to }: Counted): number {
  return hitsAmong(run.caches[index]!.results, from, to);
}
