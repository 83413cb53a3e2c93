/**
 * Measures the playground in a real browser: accesses a second, late frames, memory.
 * `npm run bench:playground [-- SECONDS]`, by default 20. Needs Chromium.
 */
import { readdirSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import type { Page } from "playwright-core";
import { LearnServer } from "../src/admin/learn-server.ts";
import { bundlePage } from "../src/admin/page-bundle.ts";
import { TestBrowser } from "../test/support/browser.ts";
import { ownBytes } from "./process-usage.ts";

const SECONDS = Number(process.argv[2] ?? 20);
const POLICIES = ["lru", "s3-fifo", "w-tinylfu", "sieve"];
const ENTRIES = 1000;
const REQUESTS = 2_000_000;
/** How long frames are counted before anything is played. */
const IDLE_SECONDS = 5;
/** A frame that comes later than this after the one before is late. */
const LATE_MS = 25;
const REPORT_EVERY_S = 30;
const TICKS_A_SECOND = 100;

const hash = `#workload=zipf(n=20000,alpha=0.9)&requests=${REQUESTS}&seed=1&caches=${POLICIES.map((policy) => `${policy}*${ENTRIES}`).join(";")}&at=0&speed=max`;

/** Counts frames and requests in the page; begins anew at the end of the requests. */
const METER = `(() => {
  const meter = { frames: 0, late: 0, longest: 0, requests: 0, at: 0, plays: false };
  globalThis.meter = meter;
  const output = document.querySelector(".controls output");
  const play = document.querySelector(".controls .main");
  let last = 0;
  const frame = (now) => {
    if (last > 0) {
      meter.frames++;
      if (now - last > ${LATE_MS}) meter.late++;
      meter.longest = Math.max(meter.longest, now - last);
    }
    last = now;
    const at = Number(output.textContent.replaceAll(",", ""));
    meter.requests += at >= meter.at ? at - meter.at : at;
    meter.at = at;
    if (meter.plays && at === ${REQUESTS} && play.textContent.trim() === "Play") play.click();
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})()`;

interface Meter {
  readonly frames: number;
  readonly late: number;
  readonly longest: number;
  readonly requests: number;
}

/** Processor time in seconds: of the whole machine without idling, and of this process and its descendants. */
function processorSeconds(): { machine: number; own: number; browser: number[] } {
  const [user = 0, nice = 0, system = 0] = readFileSync("/proc/stat", "utf8")
    .split("\n")[0]!
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const parents = new Map<number, { parent: number; ticks: number }>();
  for (const name of readdirSync("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    try {
      const fields = readFileSync(`/proc/${name}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ")
        .map(Number);
      parents.set(Number(name), { parent: fields[1]!, ticks: fields[11]! + fields[12]! });
    } catch {
      // It has ended meanwhile.
    }
  }
  let ticks = 0;
  const browser: number[] = [];
  for (const [id, each] of parents) {
    let up: number | undefined = id;
    while (up !== undefined && up !== process.pid) up = parents.get(up)?.parent;
    if (up === undefined) continue;
    ticks += each.ticks;
    if (id !== process.pid) browser.push(id);
  }
  return { machine: (user + nice + system) / TICKS_A_SECOND, own: ticks / TICKS_A_SECOND, browser };
}

/** Own memory of the browser's processes, without what they share, by what they are. */
function memoryText(): string {
  const sums = new Map<string, number>();
  for (const id of processorSeconds().browser) {
    try {
      const [, type = "browser"] = /--type=([a-z-]+)/.exec(readFileSync(`/proc/${id}/cmdline`, "utf8")) ?? [];
      sums.set(type, (sums.get(type) ?? 0) + ownBytes(id));
    } catch {
      // It has ended meanwhile.
    }
  }
  return [...sums].map(([type, bytes]) => `${type} ${megabytes(bytes)}`).join(", ");
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`;
const read = (page: Page): Promise<Meter> => page.evaluate("({ ...globalThis.meter })") as Promise<Meter>;

const server = new LearnServer({ host: "127.0.0.1", port: 0, page: bundlePage });
try {
  await using browser = await TestBrowser.launch();
  await using shown = await browser.open(`http://127.0.0.1:${server.port}/learn${hash}`);
  const { page } = shown;
  await page.locator(".cells canvas").first().waitFor();
  // The curve waits while the requests are played, and would go on at each new beginning.
  await page.getByText("of the curve is computed").waitFor({ state: "detached", timeout: 300_000 });
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.enable");
  await page.evaluate(METER);
  await Bun.sleep(IDLE_SECONDS * 1000);
  const idle = await read(page);
  await page.evaluate("globalThis.meter.plays = true; document.querySelector('.controls .main').click()");
  // The first seconds compile.
  await Bun.sleep(2000);
  const begin = await read(page);
  const before = processorSeconds();
  let end = begin;
  const startedMs = performance.now();
  for (let passed = 0; passed < SECONDS; ) {
    const pause = Math.min(REPORT_EVERY_S, SECONDS - passed);
    await Bun.sleep(pause * 1000);
    passed += pause;
    // Before the collection, which stops the page.
    end = await read(page);
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    console.log(`${passed} s: the page's heap ${megabytes(usedSize)}; processes: ${memoryText()}`);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const after = processorSeconds();
  const frames = end.frames - begin.frames;
  const late = end.late - begin.late;
  const requests = end.requests - begin.requests;
  const others = Math.max(0, after.machine - before.machine - (after.own - before.own)) / seconds;
  console.log(
    `${POLICIES.join(", ")}, ${ENTRIES} entries each, 1,280 px, ${seconds.toFixed(0)} s:
  ${((requests * POLICIES.length) / seconds / 1e6).toFixed(2)} million accesses a second
  ${frames} frames, ${(frames / seconds).toFixed(0)} a second, ${((100 * late) / frames).toFixed(1)} % later than ${LATE_MS} ms, the latest ${end.longest.toFixed(0)} ms; ${((100 * idle.late) / idle.frames).toFixed(1)} % before it was played
  processors in use: ${((after.own - before.own) / seconds).toFixed(2)} by this, ${others.toFixed(2)} by others, of ${cpus().length}; load average ${loadavg()[0]!.toFixed(1)}`,
  );
  if (shown.messages.length > 0) console.log(shown.messages.join("\n"));
} finally {
  await server.close();
}
