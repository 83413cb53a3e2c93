import { useMemo } from "preact/hooks";
import type { QueueMember, QueuesReport, ToldQueue } from "../../src/instruments/view.ts";
import { parsePolicy, policyNames } from "../../src/policy/registry.ts";
import { Figure } from "../parts/figure.tsx";
import { keyText, visibleText } from "../parts/key-text.ts";
import { counted, countText, percentText } from "../parts/text.ts";
import type { CacheView } from "../play/play-view.ts";
import { parseSize } from "../play/settings.ts";
import { changesBetween } from "../queues/changes.ts";
import { timesText } from "../queues/queue-words.ts";
import { Tank } from "../queues/tank.tsx";
import type { TileLook } from "../queues/tile.tsx";
import { policyLook } from "../what-if/policy-looks.ts";
import { PixelField } from "./pixel-field.tsx";
import type { Player } from "./player.ts";
import { Field } from "./setup.tsx";

export interface CacheColumnProps {
  readonly index: number;
  readonly cache: CacheView;
  /** One request earlier; undefined: nothing moves. */
  readonly before: CacheView | undefined;
  readonly at: number;
  readonly step: number;
  readonly player: Player;
}

/** One cache: its policy and size, its figures, what the last request did, its queues. */
export function CacheColumn({ index, cache, before, at, step, player }: CacheColumnProps) {
  const { settings, requests, misses, sentence } = cache;
  const policy = parsePolicy(settings.policy).type.name;
  const report = useMemo(() => reportOf(cache, at), [cache]);
  const changes = useMemo(
    () => (before === undefined ? [] : changesBetween(reportOf(before, at - 1), report)),
    [cache],
  );
  const why = player.why.value;
  const isField = cache.queues.some(({ field }) => field !== undefined);
  const { colour, mark } = policyLook(policy);
  return (
    <section
      class={before === undefined ? "cache jump" : "cache"}
      aria-label={`Cache ${index + 1}: ${settings.policy}`}
    >
      <div class="cache-head">
        <svg class="policy-mark" viewBox="-7 -7 14 14" aria-hidden="true" style={{ color: `var(${colour})` }}>
          <path d={mark} />
        </svg>
        <PolicyChoice index={index} player={player} />
        <Field
          label={settings.unit}
          class="short"
          value={settings.unit === "bytes" ? `${settings.size}b` : String(settings.size)}
          onValue={(text) => changeSize(player, index, text)}
        />
        {player.settings.value.caches.length > 1 && (
          <button
            type="button"
            class="away"
            aria-label={`Take ${settings.policy} away`}
            title="Take this cache away"
            onClick={() =>
              player.change({ caches: player.settings.value.caches.filter((_, i) => i !== index) })
            }
          >
            ×
          </button>
        )}
      </div>
      <div class="cache-now">
        <Figure
          label="hit ratio so far"
          name={`hit-ratio-${index}`}
          value={[requests === 0 ? "–" : percentText(1 - misses / requests), "%"]}
          sub={
            <>
              <b class="hit">|</b> {counted(requests - misses, "hit")}
              <br />
              <b class="miss">#</b> {counted(misses, "miss", "misses")}
            </>
          }
          says="Of all reads so far, the share that the cache answered by itself. Each miss has to be fetched from the slow store behind it. The first request for a key is a miss in every cache."
        />
        <p class="sentence">
          {sentence === undefined ? (
            <span class="label">{at === 0 ? "Empty. The first requests will all be misses." : ""}</span>
          ) : (
            <>
              <b class={sentence.result}>{RESULTS[sentence.result]}</b> {sentence.text}
            </>
          )}
        </p>
      </div>
      {isField ? (
        <PixelField cache={cache} />
      ) : (
        <Tank
          report={report}
          changes={changes}
          step={step}
          openId={why?.cache === index ? String(why.object) : undefined}
          onOpen={({ id }) => player.ask(index, Number(id))}
          look={LOOK}
          isDense={true}
        />
      )}
    </section>
  );
}

const RESULTS = { hit: "| Hit.", miss: "# Miss.", change: "Write." } as const;

function PolicyChoice({ index, player }: Pick<CacheColumnProps, "index" | "player">) {
  const { caches } = player.settings.value;
  const { policy } = caches[index]!;
  const { type } = parsePolicy(policy);
  return (
    <label class="policy">
      <span class="hidden">Policy of cache {index + 1}</span>
      <select
        value={type.name}
        onChange={({ currentTarget }) =>
          player.change({
            caches: caches.map((cache, i) =>
              i === index ? { ...cache, policy: currentTarget.value } : cache,
            ),
          })
        }
      >
        {policyNames().map((name) => (
          <option key={name} value={name}>
            {name === type.name ? policy : name}
          </option>
        ))}
      </select>
    </label>
  );
}

function changeSize(player: Player, index: number, text: string): void {
  try {
    const size = parseSize(text);
    const { caches } = player.settings.value;
    // All sizes have one unit, so another unit changes all.
    const isOther = size.unit !== caches[index]!.unit;
    player.change({
      caches: caches.map((cache, i) => (i === index || isOther ? { ...cache, ...size } : cache)),
    });
  } catch (error) {
    player.problems.value = [`${(error as Error).message}.`];
  }
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
    if (entry.turn === name) parts.push("would stay");
    else if (entry.turn !== undefined)
      parts.push(entry.turn === "" ? "would leave" : `would go to ${entry.turn}`);
    return parts.join(", ");
  },
  strokes: (reads) => Math.min(4, reads),
};
