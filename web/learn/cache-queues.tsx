import { useMemo } from "preact/hooks";
import type { QueueMember, QueuesReport, ToldQueue } from "../../src/instruments/view.ts";
import { useDisplay } from "../live/display.ts";
import { keyText, visibleText } from "../parts/key-text.ts";
import { countText, durationText } from "../parts/text.ts";
import type { CacheView } from "../play/play-view.ts";
import { changesBetween } from "../queues/changes.ts";
import { timesText } from "../queues/queue-words.ts";
import { Tank } from "../queues/tank.tsx";
import type { TileLook } from "../queues/tile.tsx";
import { PixelField } from "./pixel-field.tsx";

export interface CacheQueuesProps {
  readonly cache: CacheView;
  /** One request earlier; undefined: nothing moves. */
  readonly before: CacheView | undefined;
  readonly at: number;
  readonly step: number;
  readonly openId: string | undefined;
  readonly onOpen: (id: string) => void;
  /** Of a field, the latest view of this cache, if it changes more often than what is shown of it. */
  readonly latest?: (() => CacheView | undefined) | undefined;
}

/** What the last request did to a cache, in words, and its queues, as tiles or as a field. */
export function CacheQueues({ cache, before, at, step, openId, onOpen, latest }: CacheQueuesProps) {
  const report = useMemo(() => reportOf(cache, at), [cache]);
  const changes = useMemo(
    () => (before === undefined ? [] : changesBetween(reportOf(before, at - 1), report)),
    [cache],
  );
  // Heads of lanes are higher while explanations are open; tiles are laid anew then.
  useDisplay().explain.value;
  if (cache.queues.some(({ field }) => field !== undefined))
    return <PixelField cache={cache} latest={latest} />;
  return (
    <Tank
      report={report}
      changes={changes}
      step={step}
      openId={openId}
      onOpen={({ id }) => onOpen(id)}
      look={LOOK}
      isDense={true}
    />
  );
}

const RESULTS = {
  ...{ hit: "| Hit.", miss: "# Miss.", change: "Write." },
  ...{ "under-way": "= Under way.", failure: "! Error." },
} as const;

/** Classes of parts.css. */
const RESULT_CLASSES = {
  ...{ hit: "hit", miss: "miss", change: "change" },
  ...{ "under-way": "coalesced", failure: "wrong" },
} as const;

/** The last step in words. */
export function Sentence({ cache: { sentence }, at }: Pick<CacheQueuesProps, "cache" | "at">) {
  return (
    <p class="sentence">
      {sentence === undefined ? (
        <span class="label">{at === 0 ? "Empty. The first requests will all be misses." : ""}</span>
      ) : (
        <>
          <b class={RESULT_CLASSES[sentence.result]}>{RESULTS[sentence.result]}</b> {sentence.text}
        </>
      )}
    </p>
  );
}

/** The queues in the form that draws those of a live cache. Times are counted in requests. */
function reportOf({ settings, queues }: CacheView, at: number): QueuesReport {
  return {
    ...{ atMs: at, policy: settings.policy, shard: 0, shards: 1, unit: settings.unit },
    ...{ samplingRatio: 1, ghostSamplingRatio: 1, queues, left: [] },
  };
}

const LOOK: TileLook = {
  label({ name, order, members }: ToldQueue, { key, id, rank, entry }: QueueMember): string {
    const parts = [key === undefined ? id : visibleText(keyText(key)), name];
    if (order !== "none")
      parts.push(members[0]?.id === id ? "next at the exit" : `${countText(rank)} from the exit`);
    if (entry === undefined) return `${parts.join(", ")}, a ghost`;
    parts.push(timesText(entry.reads));
    if (entry.ttlMs >= 0) parts.push(`expires in ${durationText(entry.ttlMs)}`);
    if (entry.turn === name) parts.push("would stay");
    else if (entry.turn !== undefined)
      parts.push(entry.turn === "" ? "would leave" : `would go to ${entry.turn}`);
    return parts.join(", ");
  },
  strokes: (reads) => Math.min(4, reads),
};
