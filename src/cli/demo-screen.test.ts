import { describe, expect, test } from "bun:test";
import { PHASES } from "./demo-phases.ts";
import {
  type DemoStyle,
  fillingLine,
  loadLine,
  loadText,
  nextStepsText,
  PLAIN_STYLE,
  partText,
  phaseText,
  rowsOf,
  stepText,
  summaryText,
  titleText,
  watchedText,
} from "./demo-screen.ts";
import { widthOf } from "./wrapping.ts";

const styleOf = (columns: number): DemoStyle => ({ columns, ...PLAIN_STYLE });
const FACTS = { clients: 32, rate: 2000, originDelay: "2 ms" };
const MOMENT = { perSecond: 12_345, hits: 640, reads: 1000, hitMicros: 87, missMicros: 2314 };

/** All texts of the demo, in order. */
function screen(columns: number): string {
  const style = styleOf(columns);
  return [
    titleText(style),
    partText(
      "A server keeps keys and values:",
      "localhost:9090 (data in /tmp/glasscache-demo-ab12cd)",
      style,
    ),
    partText("A proxy answers from its cache if it can:", "localhost:8080", style),
    partText("Watch it in a browser, the dashboard:", "http://localhost:8081/", style),
    partText("Why it does so, in lessons:", "http://localhost:8081/learn/lessons", style),
    "Three requests, sent to the proxy",
    stepText(
      "PUT shashank=softwareEngineer",
      "{Backend Server} : OK",
      "stored by the server; the proxy only removes its older copy",
      style,
    ),
    stepText(
      "GET shashank",
      "{Proxy Server} : softwareEngineer",
      "a hit: answered by the proxy alone",
      style,
    ),
    loadText(FACTS, style),
    fillingLine(5712, 16_800, style),
    phaseText(PHASES[1]!, true, style),
    loadLine(MOMENT, style),
    summaryText({ hits: 64_000, misses: 36_000, failures: 0 }, style),
    nextStepsText(9090, 8080, "linux", style),
    watchedText("server: shashank was changed past the proxy; the proxy's entry is invalidated", style),
  ].join("\n");
}

test("at 40 columns", () => {
  expect(screen(40)).toBe(`\
Glasscache: the read-through cache you
can see through

A server keeps keys and values:
  localhost:9090 (data in
  /tmp/glasscache-demo-ab12cd)
A proxy answers from its cache if it
  can: localhost:8080
Watch it in a browser, the dashboard:
  http://localhost:8081/
Why it does so, in lessons:
  http://localhost:8081/learn/lessons
Three requests, sent to the proxy
  PUT shashank=softwareEngineer
    ->  {Backend Server} : OK
      stored by the server; the proxy
      only removes its older copy
  GET shashank
    ->  {Proxy Server} :
        softwareEngineer
      a hit: answered by the proxy alone
Load: 32 clients make 2,000 reads a
second (--rate; 0: as fast as they can),
popular keys more often (Zipf), through
a cache that has room for some of them.
The times are those of one more client,
which makes one request at a time; the
server is 2 ms away, like a real one
(--origin-delay).
  writing 16,800 keys first: 34%
A scan: 12,000 products, each read once,
beside the usual reads.
  Watch Now: misses rise, and fall when
      it ends.
  Watch Inside: strangers pass through
      the small queue; the main queue
      stays.
  Read /learn/scan: a lesson on it.
64.0% hits  hit 87 µs, miss 2.3 ms
100,000 reads: 64.0% answered by the
proxy's cache, 36,000 by the server.
Now try it yourself, in a second
terminal
  bin/glasscache client --port 8080
      interactive: GET shashank, PUT
      a=b, DUMP
  redis-cli -p 8080 GET shashank
      any Redis client works
  redis-cli -p 8080 CONFIG SET policy \\
  lru
      another eviction policy, entries
      kept
  redis-cli -p 8080 INFO cache
      counters of the cache
  redis-cli -p 9090 SET shashank changed
      a write past the proxy: its entry
      is invalidated at once
  echo "GET shashank" | nc -N \\
  localhost 8080
      the text protocol

Serving until Ctrl-C. Requests of other
clients appear here:
  server: shashank was changed past the
      proxy; the proxy's entry is
      invalidated`);
});

test("at 80 columns", () => {
  expect(screen(80)).toBe(`\
Glasscache: the read-through cache you can see through

A server keeps keys and values:            localhost:9090 (data in
  /tmp/glasscache-demo-ab12cd)
A proxy answers from its cache if it can:  localhost:8080
Watch it in a browser, the dashboard:      http://localhost:8081/
Why it does so, in lessons:                http://localhost:8081/learn/lessons
Three requests, sent to the proxy
  PUT shashank=softwareEngineer   ->  {Backend Server} : OK
      stored by the server; the proxy only removes its older copy
  GET shashank                    ->  {Proxy Server} : softwareEngineer
      a hit: answered by the proxy alone
Load: 32 clients make 2,000 reads a second (--rate; 0: as fast as they can),
popular keys more often (Zipf), through a cache that has room for some of them.
The times are those of one more client, which makes one request at a time; the
server is 2 ms away, like a real one (--origin-delay).
  writing 16,800 keys first: 34%
A scan: 12,000 products, each read once, beside the usual reads.
  Watch Now: misses rise, and fall when it ends.
  Watch Inside: strangers pass through the small queue; the main queue stays.
  Read /learn/scan: a lesson on it.
     12,345 requests/s   hit ratio 64.0% █████████░░░░░  hit 87 µs, miss 2.3 ms
100,000 reads: 64.0% answered by the proxy's cache, 36,000 by the server.
Now try it yourself, in a second terminal
  bin/glasscache client --port 8080            interactive: GET shashank, PUT
                                               a=b, DUMP
  redis-cli -p 8080 GET shashank               any Redis client works
  redis-cli -p 8080 CONFIG SET policy lru      another eviction policy, entries
                                               kept
  redis-cli -p 8080 INFO cache                 counters of the cache
  redis-cli -p 9090 SET shashank changed       a write past the proxy: its entry
                                               is invalidated at once
  echo "GET shashank" | nc -N localhost 8080   the text protocol

Serving until Ctrl-C. Requests of other clients appear here:
  server: shashank was changed past the proxy; the proxy's entry is invalidated`);
});

test("at 200 columns", () => {
  const lines = screen(200).split("\n");
  expect(lines).toContain(
    "     12,345 requests/s   hit ratio 64.0% █████████████░░░░░░░  hit 87 µs, miss 2.3 ms",
  );
  expect(lines).toContain(
    "A server keeps keys and values:            localhost:9090 (data in /tmp/glasscache-demo-ab12cd)",
  );
  expect(lines).toContain(
    "  redis-cli -p 9090 SET shashank changed       a write past the proxy: its entry is invalidated at once",
  );
});

test("no line is longer than the terminal is wide", () => {
  for (let columns = 40; columns <= 200; columns++) {
    const long = screen(columns)
      .split("\n")
      .filter((line) => widthOf(line) > columns);
    expect(long).toEqual([]);
  }
});

describe("the live line", () => {
  test("is one row at every width, and shows both times", () => {
    for (let columns = 32; columns <= 200; columns++) {
      for (const moment of [
        MOMENT,
        { ...MOMENT, perSecond: 1_234_567, missMicros: 123_456, hitMicros: 12_345 },
      ]) {
        const line = loadLine(moment, styleOf(columns));
        expect(widthOf(line)).toBeLessThan(columns);
        expect(line).toMatch(/hit [\d.]+ (µs|ms), miss [\d.]+ ms$/);
      }
    }
  });

  test("without reads", () => {
    const nothing = { perSecond: 0, hits: 0, reads: 0, hitMicros: 0, missMicros: 0 };
    expect(loadLine(nothing, styleOf(80))).toEndWith("hit –, miss –");
  });
});

test("a phase without a dashboard, and a load without a pause", () => {
  expect(phaseText(PHASES[1]!, false, styleOf(80))).toBe(
    "A scan: 12,000 products, each read once, beside the usual reads.",
  );
  expect(loadText({ clients: 32, rate: 0, originDelay: "0" }, styleOf(200))).toStartWith(
    "Load: 32 clients read as fast as they can, popular keys",
  );
});

test("without -N in nc, the hint omits it", () => {
  expect(nextStepsText(1, 2, "darwin", styleOf(80))).toContain("| nc localhost 2 ");
});

test("rows of a line in a narrower terminal", () => {
  expect([rowsOf("", 80), rowsOf("x".repeat(80), 80), rowsOf("x".repeat(81), 80)]).toEqual([1, 1, 2]);
});
