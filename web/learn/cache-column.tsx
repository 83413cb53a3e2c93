import { policyNames } from "../../src/policy/registry.ts";
import { Figure } from "../parts/figure.tsx";
import { counted, percentText } from "../parts/text.ts";
import { policyName, WRITTEN } from "../play/decider.ts";
import type { CacheView } from "../play/play-view.ts";
import { parseSize } from "../play/settings.ts";
import { policyLook } from "../what-if/policy-looks.ts";
import { CacheQueues, Sentence } from "./cache-queues.tsx";
import { CostFigures } from "./cost-figures.tsx";
import { Field } from "./field.tsx";
import type { Player } from "./player.ts";
import { WrittenState } from "./written-state.tsx";

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
  const { settings, requests, misses } = cache;
  const policy = policyName(settings.policy);
  const why = player.why.value;
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
        {cache.isStopped || (policy === WRITTEN && at === 0) ? (
          <WrittenState player={player} at={at} />
        ) : (
          <Sentence cache={cache} at={at} />
        )}
      </div>
      <CostFigures index={index} cache={cache} player={player} />
      <CacheQueues
        cache={cache}
        before={before}
        at={at}
        step={step}
        openId={why?.cache === index ? String(why.object) : undefined}
        onOpen={(id) => player.ask(index, Number(id))}
        latest={() => player.latest.value?.caches[index]}
      />
    </section>
  );
}

function PolicyChoice({ index, player }: Pick<CacheColumnProps, "index" | "player">) {
  const { caches } = player.settings.value;
  const { policy } = caches[index]!;
  const chosen = policyName(policy);
  return (
    <label class="policy">
      <span class="hidden">Policy of cache {index + 1}</span>
      <select
        value={chosen}
        onChange={({ currentTarget }) => void player.choosePolicy(index, currentTarget.value)}
      >
        {policyNames().map((name) => (
          <option key={name} value={name}>
            {name === chosen ? policy : name}
          </option>
        ))}
        <option value={WRITTEN}>written here</option>
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
