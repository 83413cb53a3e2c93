import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { PHASES } from "../src/cli/demo-phases.ts";
import { LATER_PHASE_MS } from "../src/cli/demo-tour.ts";
import type { FamiliesReport, HistoryReport, WhatIfReport } from "../src/instruments/view.ts";
import { chromiumProgram, TestBrowser } from "./support/browser.ts";
import { cleanEnvironment, runGlasscache, TerminalSession } from "./support/command-line.ts";
import { Program } from "./support/program.ts";
import { RespClient } from "./support/resp-client.ts";
import { screenOf } from "./support/screen.ts";
import { until } from "./support/until.ts";

const LAUNCHER = fileURLToPath(new URL("../bin/glasscache", import.meta.url));

function startDemo(until: RegExp, args: readonly string[] = []) {
  return Program.start(
    [
      LAUNCHER,
      "demo",
      "--server-port",
      "0",
      "--proxy-port",
      "0",
      "--seconds",
      "100ms",
      "--origin-delay",
      "0",
      ...args,
    ],
    (line) => (until.test(line) ? true : undefined),
    { readyWithinMs: 60_000 },
  );
}

/** What the demo says of a part: its port, and where the data lies. */
function find(output: string, pattern: RegExp): string {
  const found = pattern.exec(output)?.[1];
  if (found === undefined) throw new Error(`no ${pattern} in:\n${output}`);
  return found;
}

async function untilRefused(port: string): Promise<void> {
  for (;;) {
    try {
      const socket = await Bun.connect({ hostname: "127.0.0.1", port: Number(port), socket: { data() {} } });
      socket.terminate();
    } catch {
      return;
    }
    await Bun.sleep(10);
  }
}

/** Something to see in each view of the dashboard. */
const SEEN = [
  ...["#now .pane canvas", "#now .latency svg", "#what-if .say b", "#inside .tile", "#keys .families tr"],
  ...["#keys .hot tr", "#time .uplot", "#coherence .channels tr"],
];

describe("glasscache demo", () => {
  test.skipIf(!chromiumProgram.available)(
    "opens with the address of a page that shows it",
    async () => {
      const args = ["--admin-port", "0", "--seconds", "5s"];
      await using demo = (await startDemo(/dashboard: +http:/, args)).program;
      await using browser = await TestBrowser.launch();
      const begun = performance.now();
      const url = find(demo.output, /dashboard: +(http:\S+)/);
      await using shown = await browser.open(url, { reducedMotion: "reduce" });
      for (const selector of SEEN) {
        const place = shown.page.locator(selector).first();
        await place.waitFor({ state: "attached", timeout: 60_000 });
        await place.scrollIntoViewIfNeeded();
        await place.waitFor();
      }
      console.log(`every view had something to show after ${Math.round(performance.now() - begun)} ms`);
      expect(shown.messages).toEqual([]);
    },
    120_000,
  );

  test("shows the load's rate, hit ratio and times", async () => {
    const figures =
      /^ +[0-9,]+ requests\/s +hit ratio +[0-9.]+% .* hit [0-9.]+ (µs|ms), miss [0-9.]+ (µs|ms)$/;
    await using demo = (await startDemo(figures, ["--seconds", "1h"])).program;
    expect(await demo.end("SIGINT")).toBe(0);
    expect(demo.output).toEndWith("\nEnding.");
  }, 90_000);

  test("shows the exchange, load and what to try, serves on, and ends in order", async () => {
    await using demo = (await startDemo(/^Serving until Ctrl-C/)).program;
    const { output } = demo;
    expect(output).toContain("PUT shashank=softwareEngineer   ->  {Backend Server} : OK\n");
    expect(output).toContain("GET shashank                    ->  {Backend Server} : softwareEngineer\n");
    expect(output).toContain("GET shashank                    ->  {Proxy Server} : softwareEngineer\n");
    // On a slow machine a tenth of a second may show no hit or no miss.
    expect(output).toMatch(/\n +[0-9,]+ requests\/s +hit ratio .* hit .*, miss .*\n/);
    expect(output).toMatch(/reads: +[0-9.]+% answered by the proxy's cache, [0-9,]+ by the server\.\n/);
    // Without an admin port there is no dashboard to speak of.
    expect(output).not.toMatch(/dashboard|Watch/);
    for (const phase of ["Warm-up", "A scan", "Popularity moves", "A herd", "Writes past the proxy"]) {
      expect(output).toContain(`\n${phase}: `);
    }
    // Not a terminal: nothing is coloured or rewritten.
    expect(output).not.toContain("\x1b");
    expect(output).not.toContain("\r");

    const proxyPort = Number(find(output, /client --port ([0-9]+)/));
    const { promise: reply, resolve } = Promise.withResolvers<string>();
    await Bun.connect({
      hostname: "127.0.0.1",
      port: proxyPort,
      socket: {
        open: (socket) => void socket.write("GET shashank\n"),
        data: (socket, data) => {
          resolve(data.toString());
          socket.end();
        },
      },
    });
    expect(await reply).toMatch(/^\{(Proxy|Backend) Server\} : softwareEngineer\n$/);

    const directory = find(output, /data in ([^)]+)\)/);
    expect(existsSync(directory)).toBe(true);
    const endedMs = performance.now();
    expect(await demo.end("SIGINT")).toBe(0);
    // No phase of the load is waited for.
    expect(performance.now() - endedMs).toBeLessThan(LATER_PHASE_MS / 2);
    expect(existsSync(directory)).toBe(false);
    await untilRefused(String(proxyPort));
  }, 90_000);

  test("tells where the dashboard is at first, and never leaves it empty", async () => {
    await using demo = (await startDemo(/^Serving until Ctrl-C/, ["--admin-port", "0"])).program;
    const first = demo.output.split("\n").slice(0, 6).join("\n");
    const address = find(first, /^Watch it in a browser, the dashboard: +(http:\/\/localhost:[0-9]+\/)$/m);
    expect(demo.output).toContain("\n  Watch Now: the hit ratio climbs.\n");
    expect(await (await fetch(address)).text()).toContain("<title>");
    const get = async <T>(path: string) => (await (await fetch(`${address}api/${path}`)).json()) as T;
    const marks = async () => (await get<HistoryReport>("history")).marks.map(({ text }) => text);
    await until(async () => (await marks()).length > PHASES.length, "usual reads begin after the tour");
    expect(await marks()).toEqual([...PHASES, PHASES[0]!].map(({ mark }) => mark));
    const reads = async () => (await get<WhatIfReport>("what-if")).requests;
    const before = await reads();
    await until(async () => (await reads()) > before + 50, "the load goes on after the tour");
    const { families } = await get<FamiliesReport>("families");
    const names = families.map(({ name }) => name);
    for (const name of ["product:*", "user:*:cart", "session:*", "price:*:eur"])
      expect(names).toContain(name);
    // The load itself is not shown as the requests of others.
    expect(demo.output).not.toMatch(/^ {2}(proxy|server): /m);
  }, 90_000);

  test("a port for the dashboard that is taken ends it if it was chosen", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    const args = ["--server-port", "0", "--proxy-port", "0", "--admin-port", String(port)];
    const demo = Bun.spawn([LAUNCHER, "demo", ...args], { stdout: "pipe", stderr: "pipe" });
    expect(await new Response(demo.stderr).text()).toBe(
      `glasscache demo: glasscache proxy: cannot listen on 127.0.0.1:${port}: ` +
        "the port is in use by another program; choose another with --admin-port\n",
    );
    expect(await demo.exited).toBe(1);
    taken.close();
  }, 90_000);

  test("without the usual port for the dashboard it goes on, and says so", async () => {
    const taken = createServer();
    // If it is taken by another program, this is as well.
    await new Promise<void>((resolve) => {
      taken.once("error", () => resolve());
      taken.listen(8081, "127.0.0.1", resolve);
    });
    const args = ["--server-port", "0", "--proxy-port", "0", "--seconds", "100ms"];
    const env = cleanEnvironment();
    delete env["GLASSCACHE_PROXY_ADMIN"];
    const demo = Bun.spawn([LAUNCHER, "demo", ...args], { env, stdout: "pipe", stderr: "inherit" });
    const { promise: stepped, resolve } = Promise.withResolvers<void>();
    let output = "";
    const drained = (async () => {
      for await (const text of demo.stdout.pipeThrough(new TextDecoderStream())) {
        output += text;
        if (output.includes("a hit: answered by the proxy alone")) resolve();
      }
      resolve();
    })();
    await stepped;
    demo.kill("SIGINT");
    expect(await demo.exited).toBe(0);
    await drained;
    expect(output).toMatch(
      /^There is no dashboard: +cannot listen on [^ ]+:8081: the port is in use by another program; choose another with --admin-port$/m,
    );
    taken.close();
  }, 90_000);

  test("shows in the first terminal what others do in a second one", async () => {
    await using demo = (await startDemo(/^Serving until Ctrl-C/)).program;
    const proxyPort = Number(find(demo.output, /client --port ([0-9]+)/));
    const serverPort = Number(find(demo.output, /keys and values: +localhost:([0-9]+)/));
    const shown = async (text: string) => {
      while (!demo.output.includes(text)) await Bun.sleep(5);
    };
    using proxy = await RespClient.connect({ port: proxyPort });
    using server = await RespClient.connect({ port: serverPort });
    await proxy.ask("SET", "demo:a", "b c");
    await shown('  proxy: SET demo:a "b c"');
    await proxy.ask("GET", "demo:a");
    await shown("  proxy: GET demo:a   a miss");
    await proxy.ask("GET", "demo:a");
    await shown("  proxy: GET demo:a   a hit");
    await server.ask("SET", "past", "1");
    await shown("  server: SET past 1");
    await shown("  server: past was changed past the proxy; the proxy's entry is invalidated");
    // Keys that are no ASCII, and bytes that are no text.
    await proxy.ask("SET", "ключ", "1");
    await shown("  proxy: SET ключ 1");
    for (const outcome of ["a miss", "a hit"]) {
      await proxy.ask("GET", "ключ");
      await shown(`  proxy: GET ключ   ${outcome}`);
    }
    // Written by both at once, and read before: what the reads were is not guessed.
    await proxy.ask("GET", "demo:a");
    await proxy.ask("SET", "demo:a", "2");
    await server.ask("SET", "demo:a", "3");
    await server.ask("GET", "demo:a");
    await shown("  server: SET demo:a 3");
    await shown("  server: GET demo:a");
    await shown("  server: demo:a was changed past the proxy; the proxy's entry is invalidated");
    await proxy.ask("SET", "short", "1", "PX", "1500");
    await shown("  server: short has expired; the proxy's entry is invalidated");
    await proxy.ask("CONFIG", "SET", "policy", "lru");
    await shown("  proxy: the policy is now lru; the entries stay");
    // A write through the proxy is none past it.
    expect(demo.output).not.toMatch(/(?:ключ|short) was changed/);
    expect(demo.output.match(/demo:a was changed/g)).toHaveLength(1);
    expect(demo.output).toContain("\n  proxy: GET demo:a\n");
    expect(await demo.end("SIGTERM")).toBe(0);
    expect(demo.output).toEndWith("\nEnding.");
  }, 90_000);

  test("interrupted in the middle of the load it says nothing more after Ending.", async () => {
    const session = new TerminalSession(
      ["demo", "--server-port", "0", "--proxy-port", "0", "--seconds", "1h", "--origin-delay", "0"],
      { NO_COLOR: "1" },
      { columns: 80 },
    );
    await using _ = session;
    await session.until("writing 16,800 keys first: ");
    await session.until(" hit ");
    session.resize(40, 30);
    await session.until("% hits  hit ");
    session.type("\x03");
    await session.until("Ending.");
    expect(await session.exited).toBe(0);
    expect(screenOf(session.shown, 80).slice(-2)).toEqual(["Ending.", ""]);
  }, 90_000);

  test.each([
    /^Glasscache/,
    /^A server keeps/,
    /^A proxy answers/,
    /^Three requests/,
    /^Load: /,
    /^Warm-up: /,
  ])(
    "ends when it is interrupted at %p",
    async (line) => {
      await using demo = (await startDemo(line, ["--origin-delay", "1ms"])).program;
      expect(await demo.end("SIGINT")).toBe(0);
      expect(demo.output).toEndWith("\nEnding.");
    },
    90_000,
  );

  test("ends when its output is read no more", async () => {
    const args = ["--server-port", "0", "--proxy-port", "0", "--seconds", "1h"];
    const demo = Bun.spawn(["sh", "-c", `"$0" demo "$@" | head -n 2`, LAUNCHER, ...args], {
      stdout: "ignore",
      stderr: "pipe",
    });
    // The demo holds standard error until it has ended.
    expect(await new Response(demo.stderr).text()).toBe("");
    expect(await demo.exited).toBe(0);
  }, 90_000);

  test("leaves nothing running when it is killed", async () => {
    await using demo = (await startDemo(/^Three requests/)).program;
    const serverPort = find(demo.output, /keys and values: +localhost:([0-9]+)/);
    const proxyPort = find(demo.output, /if it can: +localhost:([0-9]+)/);
    await demo.kill();
    await untilRefused(serverPort);
    await untilRefused(proxyPort);
  }, 90_000);

  test("takes a number alone as seconds", async () => {
    const { code, stderr } = await runGlasscache(["demo", "--seconds", "4000"]);
    expect([code, stderr]).toEqual([2, 'glasscache demo: --seconds: "4000s" is too large: the most is 1h\n']);
  });

  test("names the flag for a port that is taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    const demo = Bun.spawn([LAUNCHER, "demo", "--server-port", String(port)], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const message = await new Response(demo.stderr).text();
    expect(await demo.exited).toBe(1);
    expect(message).toBe(
      `glasscache demo: glasscache server: cannot listen on 127.0.0.1:${port}: ` +
        "the port is in use by another program; choose another with --server-port\n",
    );
    const throughNpm = Bun.spawn([LAUNCHER, "demo", "--server-port", String(port)], {
      env: { ...process.env, npm_lifecycle_event: "start" },
      stdout: "ignore",
      stderr: "pipe",
    });
    expect(await new Response(throughNpm.stderr).text()).toEndWith(
      "choose another: npm start -- --server-port <port>\n",
    );
    taken.close();
  }, 90_000);
});
