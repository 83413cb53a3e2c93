import { useDashboard } from "../live/dashboard.ts";
import { Figure } from "../parts/figure.tsx";
import { countText, durationParts, numberText, percentText, sizeParts, sizeText } from "../parts/text.ts";

/** What each kind of memory is. */
const KINDS: Readonly<Record<string, string>> = {
  values: "values",
  keys: "keys",
  used: "used",
  overhead: "overhead",
  free: "free",
};

/** Memory, staleness, threads. */
export function Vitals() {
  const { recent, reading } = useDashboard();
  const limit = recent.figure("glasscache_memory_limit_bytes");
  const entries = recent.figure("glasscache_entries");
  const bound = recent.figure("glasscache_staleness_bound_seconds");
  const share = recent.figure("glasscache_instruments_processor_ratio");
  const sampling = recent.figure("glasscache_sampling_ratio");
  const { channels, health } = reading.value?.sections ?? {};
  const isAlive = health?.alive ?? true;
  const parts = recent.labelValues("glasscache_memory_bytes", "kind").map((kind) => ({
    kind,
    bytes: recent.figure("glasscache_memory_bytes", { kind }) ?? 0,
  }));
  const used = parts.reduce((sum, { kind, bytes }) => sum + (kind === "free" ? 0 : bytes), 0);
  const stored = parts.filter(({ kind }) => kind === "values" || kind === "keys");
  const taken = stored.length === 0 ? used : stored.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <div class="vitals">
      <div>
        <Figure
          name="memory"
          label="Memory"
          value={[sizeParts(used)[0], `${sizeParts(used)[1]} of ${sizeText(limit)}`]}
          sub={
            entries
              ? `${countText(entries)} entries, ${sizeText(taken / entries)} each on the average`
              : "no entries"
          }
          says="A full cache is a good cache: entries leave to make room for others. Whether more memory would pay off is shown by What if."
        />
        {limit !== undefined && limit > 0 && (
          <>
            <div class="vessel" aria-hidden="true">
              {parts.map(({ kind, bytes }) => (
                <i key={kind} class={`kind-${kind}`} style={{ width: `${(100 * bytes) / limit}%` }} />
              ))}
            </div>
            <ul class="legend">
              {parts.map(({ kind, bytes }) => (
                <li key={kind}>
                  <i class={`swatch kind-${kind}`} /> {KINDS[kind] ?? kind} {sizeText(bytes)}
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
      {bound !== undefined && (
        <Figure
          name="staleness-bound"
          label="No answer is staler than"
          value={durationParts(1000 * bound)}
          sub={
            recent.figure("glasscache_channel_up") === 1
              ? "every channel to the origin is proven"
              : "a channel is down: nothing is served from what came over it"
          }
          says="After a change by somebody else, a hit may show the old value for at most so long, and only if a channel died silently. Clients of this proxy see their own writes at once. --heartbeat and --heartbeat-timeout set it."
        />
      )}
      {channels !== undefined && (
        <Figure
          name="threads"
          label="Threads"
          value={[countText(channels.channels.length), isAlive ? "serving" : "of which some are stuck"]}
          sub={isAlive ? "each gave a sign of life of late" : "the head of the page says which"}
          says="Threads that serve clients from one cache (--threads). A thread that gives no sign of life for five seconds is told at the top; one that dies is replaced."
        />
      )}
      {share !== undefined && (
        <Figure
          name="instruments"
          label="The instruments take"
          value={[percentText(share), "% of a processor"]}
          sub={
            sampling === undefined
              ? undefined
              : `up to ${sampling >= 0.1 ? percentText(sampling, 0) : numberText(100 * sampling, 2)} % of the keys are simulated`
          }
          says="The thread behind this page: it counts, simulates other caches and serves the figures. --instruments-budget bounds what the simulations may take."
        />
      )}
    </div>
  );
}
