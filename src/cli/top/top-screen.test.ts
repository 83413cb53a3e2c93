import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ANSI_SEQUENCE } from "../terminal-text.ts";
import { widthOf } from "../wrapping.ts";
import { type FixtureOptions, fixtureLog, fixtureReadings } from "./readings-fixture.ts";
import { drawScreen, safeReadings, screenText } from "./top-screen.ts";
import { initialState, SCREENS, type ScreenName, type TopState } from "./top-state.ts";
import { COLOURED, PLAIN } from "./top-style.ts";

const COLOURS = new RegExp(ANSI_SEQUENCE.source, "g");
/** Control characters, and one that reorders others. */
const DANGEROUS = /[\p{Cc}\u202e]/u;

interface Shown {
  readonly state?: Partial<TopState>;
  readonly trouble?: string;
  readonly readings?: FixtureOptions;
  readonly rows?: number;
  readonly style?: typeof PLAIN;
}

function draw(
  screen: ScreenName,
  columns: number,
  { state, trouble, readings, rows = 24, style = PLAIN }: Shown = {},
) {
  const picture = {
    address: "localhost:8081",
    readings: safeReadings(fixtureReadings(readings)),
    log: fixtureLog(),
    state: { ...initialState(screen, 1000), ...state },
    trouble,
  };
  return drawScreen(picture, { columns, rows }, style);
}

function text(...args: Parameters<typeof draw>): string {
  return `\n${draw(...args)
    .lines.map((line) => line.trimEnd())
    .join("\n")}\n`;
}

describe("overview", () => {
  test("at 40 columns", () => {
    expect(text("overview", 40)).toMatchInlineSnapshot(`
      "
      proxy localhost:8081, s3-fifo   03:04:05
      [1 Overview]  2   3   4   5   6

      Nothing is wrong.
      Hit ratio   52.0% in 10 s   ▅▅▅▅▅▅▅▅▅▅▅▅
                  58.3% in 1 min
                  48.5% in 10 min
      Requests/s  10.3k  hit 6,400  miss 3,600
                  coalesced 12  forwarded 250
      Origin/s    3,850  spared 6,412
                  saves 2 s/s of its time
      Memory      48 MB of 64 MB
                  24,362 entries  42 clients
      Evictions/s size 3,000  expired 0
                  regretted 700
      Channel     up  hits at most 3 s stale
                  lost once
      Latency, last 10 s
      | 64.0k hits, half ≤ 10 µs, 99% ≤ 50 µs
      # 36.0k misses, half ≤ 1 ms, 99% ≤ 5 ms
           ||
       |||||||||  #########
      -^1µs--^10µs------^1ms-^10ms-^100ms-----
      Space pause  + - pace  ? help  q end
      "
    `);
  });
  test("at 80 columns", () => {
    expect(text("overview", 80)).toMatchInlineSnapshot(`
      "
      Glasscache proxy localhost:8081, s3-fifo                     every 1 s  03:04:05
      [1 Overview]  2 What-if   3 Hot keys   4 Families   5 Counters   6 Biography

      Nothing is wrong.
      Hit ratio   52.0% in 10 s  58.3% in 1 min  48.5% in 10 min   ▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅
      Requests/s  10.3k  hit 6,400  miss 3,600  coalesced 12  forwarded 250
      Origin/s    3,850  spared 6,412  saves 2 s/s of its time
      Memory      48 MB of 64 MB  ████████░░  24,362 entries  42 clients
      Evictions/s size 3,000  expired 0  regretted 700
      Channel     up  hits at most 3 s stale  lost once

      Latency, last 10 s
      | 64.0k hits, half ≤ 10 µs, 99% ≤ 50 µs
      # 36.0k misses, half ≤ 1 ms, 99% ≤ 5 ms
                ||||
                ||||
                ||||
                ||||                  ####
                ||||                  ####
             |||||||||||              ####
             |||||||||||           ###########
         ||||||||||||||||||    ##################
      ---^1µs-------^10µs------^100µs-----^1ms-------^10ms------^100ms-----^1s--------
      Space pause  + - pace  ? help  q end
      "
    `);
  });
  test("at 200 columns", () => {
    expect(text("overview", 200)).toMatchInlineSnapshot(`
      "
      Glasscache proxy localhost:8081, s3-fifo                                                                                                                                             every 1 s  03:04:05
      [1 Overview]  2 What-if   3 Hot keys   4 Families   5 Counters   6 Biography

      Nothing is wrong.
      Hit ratio   52.0% in 10 s  58.3% in 1 min  48.5% in 10 min                  ▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅
      Requests/s  10.3k  hit 6,400  miss 3,600  coalesced 12  forwarded 250
      Origin/s    3,850  spared 6,412  saves 2 s/s of its time
      Memory      48 MB of 64 MB  ████████░░  24,362 entries  42 clients
      Evictions/s size 3,000  expired 0  regretted 700
      Channel     up  hits at most 3 s stale  lost once

      Latency, last 10 s   | 64.0k hits, half ≤ 10 µs, 99% ≤ 50 µs   # 36.0k misses, half ≤ 1 ms, 99% ≤ 5 ms
                              ||||||||
                              ||||||||
                              ||||||||
                              ||||||||
                              ||||||||                                        ########
                              ||||||||                                        ########
                      ||||||||||||||||||||||||                                ########
                      ||||||||||||||||||||||||                                ########
                      ||||||||||||||||||||||||                        ########################
              ||||||||||||||||||||||||||||||||||||||||        ########################################
      --------^1µs--------------------^10µs-------------------^100µs------------------^1ms--------------------^10ms-------------------^100ms------------------^1s---------------------
      Space pause  + - pace  ? help  q end
      "
    `);
  });
  test("what is wrong comes first", () => {
    const problems = ["The origin localhost:6379 cannot be reached; start it."];
    expect(text("overview", 40, { readings: { problems } }).split("\n").slice(4, 7)).toEqual([
      "! The origin localhost:6379 cannot be",
      "  reached; start it.",
      "Hit ratio   52.0% in 10 s   ▅▅▅▅▅▅▅▅▅▅▅▅",
    ]);
  });
});

describe("what-if", () => {
  test("at 40 columns", () => {
    expect(text("what-if", 40)).toMatchInlineSnapshot(`
      "
      proxy localhost:8081, s3-fifo   03:04:05
       1  [2 What-if]  3   4   5   6

      Present: s3-fifo, 64 MB, measured miss
      ratio 36.2%. Since 03:03:05 1.23M
      requests, 12.3k simulated (at most 8.0%
      of the keys).

                  1/2×     1×     2×     4×
      > lru       49.2   40.0   32.5   26.4
        s3-fifo   44.3  [36.0]  29.2   23.8
        w-tinylfu 36.9*  30.0*  24.4*  19.8*
        (optimum) 24.6   20.0   16.2   13.2

      w-tinylfu at the present size would miss
      30.0% instead of 36.0%: 600 fewer
      requests to the origin a second, saving
      360 ms/s of its time.
      Misses in percent. [ ] the present
      cache, * the best of a size (optimum
      apart).


      s sort: name  Space pause  + - pace
      "
    `);
  });
  test("at 80 columns", () => {
    expect(text("what-if", 80)).toMatchInlineSnapshot(`
      "
      Glasscache proxy localhost:8081, s3-fifo                     every 1 s  03:04:05
       1 Overview  [2 What-if]  3 Hot keys   4 Families   5 Counters   6 Biography

      Present: s3-fifo, 64 MB, measured miss ratio 36.2%. Since 03:03:05 1.23M
      requests, 12.3k simulated (at most 8.0% of the keys).

                      1/4×       1/2×         1×         2×         4×         8×
      > lru       60.6±1.2   49.2±1.2   40.0±1.2   32.5±1.2   26.4±1.2   21.4±1.2
        s3-fifo   54.6±1.2   44.3±1.2  [36.0±1.2]  29.2±1.2   23.8±1.2   19.3±1.2
        w-tinylfu 45.5±1.2*  36.9±1.2*  30.0±1.2*  24.4±1.2*  19.8±1.2*  16.1±1.2*
        (optimum) 30.3±1.2   24.6±1.2   20.0±1.2   16.2±1.2   13.2±1.2   10.7±1.2

      w-tinylfu at the present size would miss 30.0% instead of 36.0%: 600 fewer
      requests to the origin a second, saving 360 ms/s of its time.
      Misses in percent. [ ] the present cache, * the best of a size (optimum apart).

      lru in requests and time
       1/4×    16 MB   60.6±1.2%   6,063 to the origin/s  mean 606 µs
       1/2×    32 MB   49.2±1.2%   4,925 to the origin/s  mean 492 µs
         1×    64 MB   40.0±1.2%   4,000 to the origin/s  mean 400 µs
         2×   128 MB   32.5±1.2%   3,249 to the origin/s  mean 325 µs
         4×   256 MB   26.4±1.2%   2,639 to the origin/s  mean 264 µs
         8×   512 MB   21.4±1.2%   2,144 to the origin/s  mean 214 µs
      s sort: name  Space pause  + - pace  ? help  q end
      "
    `);
  });
  test("at 200 columns", () => {
    expect(text("what-if", 200)).toMatchInlineSnapshot(`
      "
      Glasscache proxy localhost:8081, s3-fifo                                                                                                                                             every 1 s  03:04:05
       1 Overview  [2 What-if]  3 Hot keys   4 Families   5 Counters   6 Biography

      Present: s3-fifo, 64 MB, measured miss ratio 36.2%. Since 03:03:05 1.23M requests, 12.3k simulated (at most 8.0% of the keys).

                      1/8×       1/4×       1/2×      0.71×         1×       1.4×         2×         4×         8×
      > lru       74.6±1.2   60.6±1.2   49.2±1.2   44.4±1.2   40.0±1.2   36.1±1.2   32.5±1.2   26.4±1.2   21.4±1.2
        s3-fifo   67.2±1.2   54.6±1.2   44.3±1.2   39.9±1.2  [36.0±1.2]  32.4±1.2   29.2±1.2   23.8±1.2   19.3±1.2
        w-tinylfu 56.0±1.2*  45.5±1.2*  36.9±1.2*  33.3±1.2*  30.0±1.2*  27.0±1.2*  24.4±1.2*  19.8±1.2*  16.1±1.2*
        (optimum) 37.3±1.2   30.3±1.2   24.6±1.2   22.2±1.2   20.0±1.2   18.0±1.2   16.2±1.2   13.2±1.2   10.7±1.2

      w-tinylfu at the present size would miss 30.0% instead of 36.0%: 600 fewer requests to the origin a second, saving 360 ms/s of its time.
      Misses in percent. [ ] the present cache, * the best of a size (optimum apart).

      lru in requests and time
       1/8×     8 MB   74.6±1.2%   7,464 to the origin/s  mean 746 µs  costs 2.3 s/s of origin time
       1/4×    16 MB   60.6±1.2%   6,063 to the origin/s  mean 606 µs  costs 1.5 s/s of origin time
       1/2×    32 MB   49.2±1.2%   4,925 to the origin/s  mean 492 µs  costs 795 ms/s of origin time
      0.71×  45.3 MB   44.4±1.2%   4,438 to the origin/s  mean 444 µs  costs 503 ms/s of origin time
         1×    64 MB   40.0±1.2%   4,000 to the origin/s  mean 400 µs  costs 240 ms/s of origin time
         2×   128 MB   32.5±1.2%   3,249 to the origin/s  mean 325 µs  saves 211 ms/s of origin time
         4×   256 MB   26.4±1.2%   2,639 to the origin/s  mean 264 µs  saves 577 ms/s of origin time
         8×   512 MB   21.4±1.2%   2,144 to the origin/s  mean 214 µs  saves 874 ms/s of origin time
      s sort: name  Space pause  + - pace  ? help  q end
      "
    `);
  });
  test("sorted by the miss ratio at the present size", () => {
    const sorts = { ...initialState("what-if", 1).sorts, "what-if": 1 };
    const lines = draw("what-if", 80, { state: { sorts } }).lines.map((line) => line.slice(0, 11).trimEnd());
    expect(lines.slice(7, 11)).toEqual(["> w-tinylfu", "  s3-fifo", "  lru", "  (optimum)"]);
  });
});

describe("hot keys", () => {
  test("at 40 columns", () => {
    expect(text("hot", 40)).toMatchInlineSnapshot(`
      "
      proxy localhost:8081, s3-fifo   03:04:05
       1   2  [3 Hot keys]  4   5   6

        key                  requests/s   hits
      > user:1:profile            1,235  98.7%
        漢字:1                      321  98.7%
        \\x00\\x01\\xffa              32.1  98.7%
        session:0123456789…           3  98.7%















      b by rate  s sort: amount  Space pause
      "
    `);
  });
  test("at 80 columns", () => {
    expect(text("hot", 80)).toMatchInlineSnapshot(`
      "
      Glasscache proxy localhost:8081, s3-fifo                     every 1 s  03:04:05
       1 Overview   2 What-if  [3 Hot keys]  4 Families   5 Counters   6 Biography

        key                               requests/s  at least  at most   hits   value
      > user:1:profile                         1,235     1,049    1,296  98.7%   100 B
        漢字:1                                   321       273      337  98.7%  4.8 MB
        \\x00\\x01\\xffa                           32.1      27.3     33.7  98.7%    12 B
        session:0123456789abcdef… (2,00…           3      2.55     3.15  98.7%    12 B















      b by rate  s sort: amount  Space pause  + - pace  ? help  q end
      "
    `);
  });
  test("at 200 columns", () => {
    expect(text("hot", 200)).toMatchInlineSnapshot(`
      "
      Glasscache proxy localhost:8081, s3-fifo                                                                                                                                             every 1 s  03:04:05
       1 Overview   2 What-if  [3 Hot keys]  4 Families   5 Counters   6 Biography

        key                                      requests/s  at least  at most   hits   value
      > user:1:profile                                1,235     1,049    1,296  98.7%   100 B
        漢字:1                                          321       273      337  98.7%  4.8 MB
        \\x00\\x01\\xffa                                  32.1      27.3     33.7  98.7%    12 B
        session:0123456789abcdef… (2,000 bytes)           3      2.55     3.15  98.7%    12 B















      b by rate  s sort: amount  Space pause  + - pace  ? help  q end
      "
    `);
  });
  test("by something that has not been read yet", () => {
    expect(text("hot", 80, { state: { hotBy: "bytes" } })).toContain("Reading…");
  });
});

describe("families", () => {
  test("at 40 columns", () => {
    expect(text("families", 40)).toMatchInlineSnapshot(`
      "
      proxy localhost:8081, s3-fifo   03:04:05
       1   2   3  [4 Families]  5   6

        family          requests/s   hits
      > user:*:profile       2,345  87.6%
        漢字:1                  10  87.6%
        (others)                 1  87.6%

      user:*:profile: Entries are read for 2
      s, but live for an hour.













      s sort: requests  Space pause  + - pace
      "
    `);
  });
  test("at 80 columns", () => {
    expect(text("families", 80)).toMatchInlineSnapshot(`
      "
      Glasscache proxy localhost:8081, s3-fifo                     every 1 s  03:04:05
       1 Overview   2 What-if   3 Hot keys  [4 Families]  5 Counters   6 Biography

        family          requests/s   hits  memory  entries  mean value  time to live
      > user:*:profile       2,345  87.6%   12 MB    12.3k       812 B           1 h
        漢字:1                  10  87.6%   12 MB    12.3k       812 B           1 h
        (others)                 1  87.6%   12 MB    12.3k       812 B           1 h

      user:*:profile: Entries are read for 2 s, but live for an hour.














      s sort: requests  Space pause  + - pace  ? help  q end
      "
    `);
  });
  test("at 200 columns", () => {
    expect(text("families", 200)).toMatchInlineSnapshot(`
      "
      Glasscache proxy localhost:8081, s3-fifo                                                                                                                                             every 1 s  03:04:05
       1 Overview   2 What-if   3 Hot keys  [4 Families]  5 Counters   6 Biography

        family          requests/s   hits  memory  entries  mean value  time to live  last read after  left/s
      > user:*:profile       2,345  87.6%   12 MB    12.3k       812 B           1 h            2.1 s    12.3
        漢字:1                  10  87.6%   12 MB    12.3k       812 B           1 h            2.1 s    12.3
        (others)                 1  87.6%   12 MB    12.3k       812 B           1 h            2.1 s    12.3

      user:*:profile: Entries are read for 2 s, but live for an hour.














      s sort: requests  Space pause  + - pace  ? help  q end
      "
    `);
  });
});

describe("counters", () => {
  test("at 40 columns", () => {
    expect(text("counters", 40)).toMatchInlineSnapshot(`
      "
      proxy localhost:8081, s3-fifo   03:04:05
       1   2   3   4  [5 Counters]  6

        counter                          value
      > requests_total string hit      640,000
        requests_total string miss     360,000
        requests_total string coales…    1,200
        requests_total string forwar…   25,000
        requests_total string error          0
        keys_read_total hit            640,000
        keys_read_total miss           361,200
        request_duration_seconds hit   640,000
        request_duration_seconds miss  360,000
        origin_requests_total ok       385,000
        origin_seconds_saved_total     4.2 min
        evictions_total size           300,000
        evictions_total expired              0
        regrets_total 60s               70,000

      glasscache_requests_total{family="string
      ",result="hit"} (counter): Requests
      answered, by kind of command and result.
      Many hits and no errors are good.
      s sort: name  / filter  Space pause
      "
    `);
  });
  test("at 80 columns", () => {
    expect(text("counters", 80)).toMatchInlineSnapshot(`
      "
      Glasscache proxy localhost:8081, s3-fifo                     every 1 s  03:04:05
       1 Overview   2 What-if   3 Hot keys   4 Families  [5 Counters]  6 Biography

        counter                            value  per second    10 s   100 s  1000 s
      > requests_total string hit        640,000       6,400   6,400   6,400   6,400
        requests_total string miss       360,000       3,600   3,600   3,600   3,600
        requests_total string coalesced    1,200          12      12      12      12
        requests_total string forwarded   25,000         250     250     250     250
        requests_total string error            0           0       0       0       0
        keys_read_total hit              640,000       6,400   6,400   6,400   6,400
        keys_read_total miss             361,200       3,612   3,612   3,612   3,612
        request_duration_seconds hit     640,000       6,400   6,400   6,400   6,400
        request_duration_seconds miss    360,000       3,600   3,600   3,600   3,600
        origin_requests_total ok         385,000       3,850   3,850   3,850   3,850
        origin_seconds_saved_total       4.2 min           2     2.5     2.5     2.5
        evictions_total size             300,000       3,000   3,000   3,000   3,000
        evictions_total expired                0           0       0       0       0
        regrets_total 60s                 70,000         700     700     700     700
        received_bytes_total             48.8 MB      500 KB  500 KB  500 KB  500 KB
        entries                           24,362              24,362  24,362  24,362

      glasscache_requests_total{family="string",result="hit"} (counter): Requests
      answered, by kind of command and result. Many hits and no errors are good.
      s sort: name  / filter  Space pause  + - pace  ? help  q end
      "
    `);
  });
  test("at 200 columns", () => {
    expect(text("counters", 200)).toMatchInlineSnapshot(`
      "
      Glasscache proxy localhost:8081, s3-fifo                                                                                                                                             every 1 s  03:04:05
       1 Overview   2 What-if   3 Hot keys   4 Families  [5 Counters]  6 Biography

        counter                            value  per second    10 s   100 s  1000 s
      > requests_total string hit        640,000       6,400   6,400   6,400   6,400
        requests_total string miss       360,000       3,600   3,600   3,600   3,600
        requests_total string coalesced    1,200          12      12      12      12
        requests_total string forwarded   25,000         250     250     250     250
        requests_total string error            0           0       0       0       0
        keys_read_total hit              640,000       6,400   6,400   6,400   6,400
        keys_read_total miss             361,200       3,612   3,612   3,612   3,612
        request_duration_seconds hit     640,000       6,400   6,400   6,400   6,400
        request_duration_seconds miss    360,000       3,600   3,600   3,600   3,600
        origin_requests_total ok         385,000       3,850   3,850   3,850   3,850
        origin_seconds_saved_total       4.2 min           2     2.5     2.5     2.5
        evictions_total size             300,000       3,000   3,000   3,000   3,000
        evictions_total expired                0           0       0       0       0
        regrets_total 60s                 70,000         700     700     700     700
        received_bytes_total             48.8 MB      500 KB  500 KB  500 KB  500 KB
        entries                           24,362              24,362  24,362  24,362
        memory_bytes values                30 MB               30 MB   30 MB   30 MB

      glasscache_requests_total{family="string",result="hit"} (counter): Requests answered, by kind of command and result. Many hits and no errors are good.
      s sort: name  / filter  Space pause  + - pace  ? help  q end
      "
    `);
  });
  test("filtered, while the filter is typed", () => {
    const shown = text("counters", 80, { state: { filter: "MEMORY", isFiltering: true } });
    expect(shown).toContain("> memory_bytes values");
    expect(shown).not.toContain("requests_total");
    expect(shown).toEndWith("\n/MEMORY_\n");
  });
  test("the list follows the cursor", () => {
    const cursors = { ...initialState("counters", 1).cursors, counters: 99 };
    const shown = text("counters", 80, { state: { cursors }, rows: 12 });
    expect(shown).toContain("> channel_losses_total");
    expect(shown).not.toContain("requests_total string hit");
  });
});

test("a server measures no keys", () => {
  const told = fixtureReadings({ service: "server" });
  const readings = { ...told, families: { families: [] }, hot: { rate: { ...told.hot.rate!, keys: [] } } };
  for (const screen of ["hot", "families"] as const) {
    const picture = {
      address: "a",
      readings,
      log: fixtureLog(),
      state: initialState(screen, 1000),
      trouble: undefined,
    };
    expect(screenText(picture, 80, 24)).toContain(
      "\nA server does not measure keys; a proxy in front of it does.\n",
    );
  }
});

test("the help lists the keys", () => {
  expect(text("hot", 80, { state: { isHelp: true } })).toMatchInlineSnapshot(`
    "
    Glasscache proxy localhost:8081, s3-fifo                     every 1 s  03:04:05
     1 Overview   2 What-if  [3 Hot keys]  4 Families   5 Counters   6 Biography

    Keys
    1 … 6, Tab   overview, what-if, hot keys, families, counters, biography
    ↑ ↓ j k      move; Page keys by a page, g and G to either end
    s            another order
    b            hot keys by rate, bytes, misses, origin time, size
    /            a key's story: type its name (also b); counters: filter by name,
                 Esc shows all
    + -          a longer, a shorter interval
    Space        pause, go on
    r            read now
    q Ctrl-C     end

    At other counters: averages over 10, 100 and 1,000 s, as far as this program has
    seen them. docs/ADMIN.md explains every figure.






    b by rate  s sort: amount  Space pause  + - pace  ? help  q end
    "
  `);
});

describe("biography", () => {
  test("at 80 columns, the newest event first and whole below", () => {
    expect(text("biography", 80, { state: { key: "漢字:1" } })).toMatchInlineSnapshot(`
      "
      Glasscache proxy localhost:8081, s3-fifo                     every 1 s  03:04:05
       1 Overview   2 What-if   3 Hot keys   4 Families   5 Counters  [6 Biography]

      漢字:1
      Cached: reads 3, policy s3-fifo, queue main.
      Sampled: everything is noted. 12 earlier events were forgotten.

      > 03:04:04.000  evicted by s3-fifo from the small queue after 3.99 s and 0 read…
        03:04:00.012  filled with 120 bytes 漢字:1
        03:04:00.000  asked for, and not there

      evicted by s3-fifo from the small queue after 3.99 s and 0 reads; it was asked
      for again 12 ms later










      / key  Space pause  + - pace  ? help  q end
      "
    `);
  });
  test("without a key, with one that is being read, and of a server", () => {
    expect(text("biography", 80)).toContain("Type / and the name of a key");
    expect(text("biography", 80, { state: { key: "other" } })).toContain("\nother\nReading…\n");
    expect(text("biography", 80, { readings: { service: "server" } })).toContain("a proxy in front of it");
  });
  test("a name of 200 characters is shown whole, on 40 columns, too", () => {
    const nasty = `user:${"x".repeat(195)}`;
    const shown = text("biography", 40, { state: { key: nasty }, readings: { nasty } });
    expect(shown).toContain(`user:${"x".repeat(35)}\n${"x".repeat(40)}\n`);
    expect(shown.match(/x/g)!.length).toBeGreaterThanOrEqual(195);
    expect(shown).toContain("> ");
  });
  test("while a key is typed, its end is in view", () => {
    const typedKey = `${"a".repeat(200)}end`;
    expect(text("hot", 40, { state: { typedKey: "user:1" } })).toEndWith("\nKey: user:1_\n");
    const shown = text("hot", 40, { state: { typedKey } });
    expect(shown).toEndWith(`\nKey: …${"a".repeat(30)}end_\n`);
  });
});

describe("without an answer", () => {
  test("says so, and greys what is known", () => {
    const trouble =
      "nothing listens on localhost:8081; the figures are the last ones known, next try in 2 s.";
    const { lines } = draw("overview", 80, { trouble, style: COLOURED });
    expect(lines.at(-2)).toContain("nothing listens on localhost:8081");
    expect(lines.at(-1)).toBe("\x1b[1;31min 2 s.\x1b[0m");
    const line = lines.find((one) => one.includes("Requests/s"))!;
    expect([line.startsWith("\x1b[2mRequests/s"), line.endsWith("\x1b[0m")]).toEqual([true, true]);
  });
});

test("as plain text, with the whole list", () => {
  const picture = {
    address: "localhost:8081",
    readings: safeReadings(fixtureReadings()),
    log: fixtureLog(),
    state: initialState("counters", 1000),
    trouble: undefined,
  };
  const shown = screenText(picture, 120, 10);
  expect(shown).toContain("\n  channel_losses_total");
  expect(shown).toEndWith("\n");
});

test("no line is broken, and nothing of others reaches the terminal as it is", () => {
  const nasty = fc.constantFrom(
    "\x1b[2J",
    "漢字".repeat(60),
    "\u202eabc",
    "a\nb\tc",
    "é\u0301",
    "👩‍👩‍👧",
    "\x9b31m",
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...SCREENS),
      fc.integer({ min: 1, max: 220 }),
      fc.integer({ min: 1, max: 60 }),
      nasty,
      fc.boolean(),
      fc.boolean(),
      (screen, columns, rows, name, isGone, isTyping) => {
        const { lines } = draw(screen, columns, {
          rows,
          style: COLOURED,
          readings: { nasty: name, problems: [name] },
          state: {
            filter: screen === "counters" ? "" : name,
            key: name,
            typedKey: isTyping ? name : undefined,
          },
          ...(isGone ? { trouble: name } : {}),
        });
        expect(lines.length).toBeLessThanOrEqual(rows);
        for (const line of lines) {
          expect(widthOf(line)).toBeLessThanOrEqual(columns);
          expect(line.replaceAll(COLOURS, "")).not.toMatch(DANGEROUS);
        }
      },
    ),
    { seed: 20_300_102, numRuns: 300 },
  );
});
