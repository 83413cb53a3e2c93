/** When the nodes of a cluster are asked, and what their answers become. */
import { describe, expect, test } from "bun:test";
import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { fromLatin1, latin1 } from "../../lib/bytes.ts";
import { ManualTimers } from "../../lib/timers.ts";
import { ReplyReader } from "../../protocol/reply-reader.ts";
import { UpstreamError } from "../upstream-error.ts";
import type { Upstream, UpstreamRequest } from "../upstream-request.ts";
import { type Askable, TopologyWatch } from "./topology-watch.ts";

const ID = "1".repeat(40);
const NODES = `${ID} 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-16383\n`;
const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const SLOTS = `*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n${bulk("a.name")}:7000\r\n${bulk(ID)}`;

/** A node that the test answers for. */
class PlayedNode implements Askable {
  readonly host: string;
  readonly isSilent: boolean;
  doneCount = 0;
  readonly #requests: UpstreamRequest[] = [];
  readonly #connection: Upstream;

  constructor(host: string, isSilent = false) {
    this.host = host;
    this.isSilent = isSilent;
    this.#connection = {
      ...{ out: new ByteBuffer(64), timeoutMs: 1000 },
      enqueue: (request) => void this.#requests.push(request),
    };
  }

  connection(): Upstream {
    return this.#connection;
  }

  done(): void {
    this.doneCount++;
  }

  /** All that it was asked. */
  get asked(): string {
    return latin1(this.#connection.out.view());
  }

  /** Answers the oldest questions. */
  answer(...replies: string[]): void {
    for (const reply of replies) {
      const bytes = fromLatin1(reply);
      const reader = new ReplyReader();
      const end = reader.next(bytes, 0, bytes.length);
      this.#requests.shift()!.reply(bytes, 0, end, reader);
    }
  }

  fail(message: string): void {
    for (const request of this.#requests.splice(0)) {
      request.failed(new UpstreamError("ORIGINDOWN", message, false));
    }
  }
}

class Bench {
  readonly timers = new ManualTimers();
  readonly nodes: readonly PlayedNode[];
  /** What each look at the topology has told: the hosts whose views there are, and the problems. */
  readonly learned: { readonly hosts: string[]; readonly problems: string[] }[] = [];
  /** Where the nodes of all views are reached. */
  readonly seen: string[] = [];
  isWrong = false;
  readonly watch: TopologyWatch;

  constructor(...nodes: PlayedNode[]) {
    this.nodes = nodes;
    this.watch = new TopologyWatch({
      timers: this.timers,
      targets: () => this.nodes,
      learned: (views, problems) => {
        this.learned.push({ hosts: views.map(({ host }) => host), problems: [...problems] });
        for (const { view } of views)
          this.seen.push(...view.nodes.map(({ host, port }) => `${host}:${port}`));
        return this.isWrong;
      },
    });
  }

  /** How often the first node was asked. */
  get rounds(): number {
    return this.nodes[0]!.asked.split("NODES").length - 1;
  }

  /** All nodes answer. */
  answer(): void {
    for (const node of this.nodes) node.answer(bulk(NODES), SLOTS);
  }

  /** How long it takes until the nodes are asked again. */
  untilAskedMs(): number {
    const { rounds } = this;
    for (let ms = 1; ms <= 20_000; ms++) {
      this.timers.advance(1);
      if (this.rounds > rounds) return ms;
    }
    return Number.POSITIVE_INFINITY;
  }
}

describe("nodes are asked", () => {
  test("for both their views, and all views are told at once", () => {
    const bench = new Bench(new PlayedNode("a"), new PlayedNode("b"));
    bench.watch.suspect();
    const [a, b] = bench.nodes;
    expect(a!.asked).toBe("*2\r\n$7\r\nCLUSTER\r\n$5\r\nNODES\r\n*2\r\n$7\r\nCLUSTER\r\n$5\r\nSLOTS\r\n");
    b!.answer(bulk(NODES), SLOTS);
    a!.answer(bulk(NODES));
    expect([bench.learned, a!.doneCount, b!.doneCount]).toEqual([[], 0, 1]);
    a!.answer(SLOTS);
    expect(bench.learned).toEqual([{ hosts: ["b", "a"], problems: [] }]);
    expect(bench.seen).toEqual(["a.name:7000", "a.name:7000"]);
    expect([a!.doneCount, bench.timers.count]).toEqual([1, 1]);
  });

  test("again after ten seconds when all is well", () => {
    const bench = new Bench(new PlayedNode("a"));
    bench.watch.suspect();
    bench.answer();
    expect(bench.untilAskedMs()).toBe(10_000);
    bench.answer();
    expect(bench.untilAskedMs()).toBe(10_000);
  });

  test("again soon while something is wrong, each time later, up to a second", () => {
    const bench = new Bench(new PlayedNode("a"));
    bench.isWrong = true;
    bench.watch.suspect();
    const delays: number[] = [];
    for (let round = 0; round < 6; round++) {
      bench.answer();
      delays.push(bench.untilAskedMs());
    }
    expect(delays).toEqual([100, 200, 400, 800, 1000, 1000]);
    bench.isWrong = false;
    bench.answer();
    expect(bench.untilAskedMs()).toBe(10_000);
    bench.isWrong = true;
    bench.answer();
    expect(bench.untilAskedMs()).toBe(100);
  });

  test("at once when something happens, and again when it happens while they are asked", () => {
    const bench = new Bench(new PlayedNode("a"));
    bench.watch.suspect();
    bench.answer();
    bench.timers.advance(500);
    bench.watch.suspect();
    expect(bench.rounds).toBe(2);
    bench.watch.suspect();
    expect(bench.rounds).toBe(2);
    bench.answer();
    expect([bench.learned.length, bench.untilAskedMs()]).toEqual([2, 100]);
    bench.answer();
    expect(bench.untilAskedMs()).toBe(10_000);
  });

  test("no more once it is closed, and late answers are not told", () => {
    const bench = new Bench(new PlayedNode("a"));
    bench.watch.suspect();
    bench.watch.close();
    expect(bench.timers.count).toBe(0);
    bench.answer();
    bench.watch.suspect();
    expect([bench.learned, bench.rounds, bench.timers.count]).toEqual([[], 1, 0]);
    const calm = new Bench(new PlayedNode("a"));
    calm.watch.suspect();
    calm.answer();
    calm.watch.close();
    calm.watch.suspect();
    expect([calm.rounds, calm.timers.count]).toEqual([1, 0]);
  });

  test("for a second at most: what comes later is not told", () => {
    const bench = new Bench(new PlayedNode("a"), new PlayedNode("b"));
    const [a, b] = bench.nodes;
    bench.watch.suspect();
    b!.answer(bulk(NODES), SLOTS);
    bench.timers.advance(999);
    expect(bench.learned).toEqual([]);
    bench.timers.advance(1);
    a!.answer(bulk(NODES), SLOTS);
    expect(bench.learned).toEqual([{ hosts: ["b"], problems: [] }]);
  });

  test("also when they are silent, and heard without being waited for", () => {
    const bench = new Bench(new PlayedNode("a"), new PlayedNode("silent", true));
    const [a, silent] = bench.nodes;
    bench.watch.suspect();
    silent!.answer(bulk(NODES), SLOTS);
    expect(bench.learned).toEqual([]);
    a!.answer(bulk(NODES), SLOTS);
    expect(bench.learned).toEqual([{ hosts: ["silent", "a"], problems: [] }]);
  });

  test("not at all where there are none", () => {
    const bench = new Bench();
    bench.watch.suspect();
    expect(bench.learned).toEqual([{ hosts: [], problems: [] }]);
  });
});

describe("an answer that is no view is a problem", () => {
  test.each([
    ["-ERR no cluster\r\n", SLOTS, "ERR no cluster"],
    [bulk(NODES), "-ERR not now\r\n", "ERR not now"],
    [":1\r\n", SLOTS, "CLUSTER NODES did not answer with a text"],
    ["_\r\n", SLOTS, "CLUSTER NODES did not answer with a text"],
    [bulk("what\n"), SLOTS, "this line of CLUSTER NODES cannot be understood: what"],
    [bulk(NODES), ":1\r\n", "CLUSTER SLOTS did not answer with an array"],
    [bulk(NODES.replace("myself,", "")), SLOTS, "no line of CLUSTER NODES is about the node itself"],
  ])("%p, %p", (nodes, slots, problem) => {
    const bench = new Bench(new PlayedNode("a"));
    bench.watch.suspect();
    bench.nodes[0]!.answer(nodes, slots);
    expect(bench.learned).toEqual([{ hosts: [], problems: [problem] }]);
  });

  test("once, though two questions have failed", () => {
    const bench = new Bench(new PlayedNode("a"), new PlayedNode("b"));
    const [a, b] = bench.nodes;
    bench.watch.suspect();
    a!.fail("lost");
    expect([bench.learned, a!.doneCount]).toEqual([[], 1]);
    b!.answer(bulk(NODES), SLOTS);
    expect(bench.learned).toEqual([{ hosts: ["b"], problems: ["lost"] }]);
  });
});
