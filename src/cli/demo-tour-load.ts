import { SeededRandom } from "../lib/random.ts";
import { FILLED_KEYS } from "./demo-keys.ts";
import { LoadThread } from "./demo-load-thread.ts";
import { PHASES } from "./demo-phases.ts";
import { LoneReader } from "./demo-reader.ts";
import { fillingLine, loadLine, loadText, phaseText, summaryText } from "./demo-screen.ts";
import { type DemoValues, kept, type Surroundings } from "./demo-surroundings.ts";
import { DemoTraffic } from "./demo-traffic.ts";

const CONNECTIONS = 32;
const LINE_EVERY_MS = 250;
/** If lines cannot be rewritten, fewer are written. */
const PLAIN_LINE_EVERY_MS = 1000;
/** Pause between two reads of the client whose times are shown. */
const READ_PAUSE_MS = 5;
/** Each demo makes the same requests. */
const LOAD_SEED = 1;
const READER_SEED = 2;

/** Begins to write the keys at the server: until the proxy is ready, most of them are there. */
export function beginLoad(serverPort: number, { undo }: Surroundings): LoadThread {
  const load = new LoadThread({ serverPort, connections: CONNECTIONS, seed: LOAD_SEED });
  undo.defer(() => load.end());
  load.fill();
  return load;
}

/** Waits until the keys are written, and connects the load's clients. */
export async function connectLoad(
  { originDelay, rate }: DemoValues,
  proxyPort: number,
  load: LoadThread,
  { output, signal, aborted }: Surroundings,
): Promise<void> {
  const delay = originDelay === 0 ? "0" : delayText(originDelay);
  output.say((style) => `\n${loadText({ clients: CONNECTIONS, rate, originDelay: delay }, style)}`);
  const showFilling = (written: number) => output.live((style) => fillingLine(written, FILLED_KEYS, style));
  showFilling(0);
  // If lines cannot be rewritten, the first one is enough.
  await Promise.race([load.filled(output.isTerminal ? showFilling : () => {}), aborted]);
  output.endLive(false);
  if (!signal.aborted) await Promise.race([load.connect(proxyPort), aborted]);
}

/** Runs one phase after the other, and shows what the clients see. */
export async function showPhases(
  { seconds: durationMs, rate }: DemoValues,
  port: number,
  load: LoadThread,
  hasDashboard: boolean,
  surroundings: Surroundings,
): Promise<void> {
  const { output, signal, aborted } = surroundings;
  const traffic = new DemoTraffic(new SeededRandom(READER_SEED));
  const reader = await LoneReader.start(port, traffic, READ_PAUSE_MS);
  if (!(await kept(reader, surroundings))) return;
  const readsPerSecond = rate === 0 ? Number.POSITIVE_INFINITY : rate;
  for (const phase of PHASES) {
    output.say((style) => `\n${phaseText(phase, hasDashboard, style)}`);
    load.enter({ name: phase.name, mark: phase.mark, readsPerSecond, durationMs });
    if (phase.name === "move") traffic.movePopularity();
    // On a busy machine the first reply may take long, so the time begins with it.
    await Promise.race([load.begun, aborted]);
    if (signal.aborted) return;
    await showMoments(durationMs, load, reader, surroundings);
    if (signal.aborted) return;
  }
  await reader.stop();
  output.say((style) => `\n${summaryText(load.counts, style)}`);
}

async function showMoments(
  forMs: number,
  load: LoadThread,
  reader: LoneReader,
  { output, signal, aborted }: Surroundings,
): Promise<void> {
  const everyMs = output.isTerminal ? LINE_EVERY_MS : PLAIN_LINE_EVERY_MS;
  const begun = performance.now();
  let before = { ms: begun, hits: load.counts.hits, misses: load.counts.misses };
  while (performance.now() - begun < forMs) {
    await Promise.race([aborted, Bun.sleep(Math.min(everyMs, forMs))]);
    if (signal.aborted) return;
    const now = performance.now();
    const hits = load.counts.hits - before.hits;
    const reads = hits + load.counts.misses - before.misses;
    const moment = {
      perSecond: Math.round((reads * 1000) / (now - before.ms)),
      hits,
      reads,
      hitMicros: reader.hitMicros.quantile(0.5),
      missMicros: reader.missMicros.quantile(0.5),
    };
    output.live((style) => loadLine(moment, style));
    reader.hitMicros.reset();
    reader.missMicros.reset();
    before = { ms: now, hits: load.counts.hits, misses: load.counts.misses };
  }
  output.endLive(true);
}

function delayText(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
}
