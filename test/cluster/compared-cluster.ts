import { COMMAND_FACTS, factsOfRequest } from "../../src/commands/command-facts.ts";
import { type Arguments, keysOf } from "../../src/commands/facts.ts";
import { latin1 } from "../../src/lib/bytes.ts";
import { LocalProxy } from "../support/local-proxy.ts";
import { RawClient } from "../support/raw-client.ts";
import { RedirectedClient } from "../support/redirected-client.ts";
import { type RealNode, RedisCluster } from "../support/redis-cluster.ts";
import { FIXTURE, TEXTS } from "./command-forms.ts";

/** A request, one character a byte. */
export type Words = readonly string[];

/** Hash tags of keys: the usual one, one of another slot of the same node, and one of another node. */
export const [TAG, NEIGHBOR, FAR] = ["{c}", "{g}", "{a}"] as const;
export const TAGS = [TAG, NEIGHBOR, FAR] as const;

interface AnyProxy extends AsyncDisposable {
  readonly port: number;
}

/** A real cluster, and the proxy in front of it, which are asked the same. */
export class ComparedCluster implements AsyncDisposable {
  readonly cluster: RedisCluster;
  readonly proxy: AnyProxy;
  /** A connection to each node, in the order of the cluster's. */
  readonly nodes: readonly RawClient[];
  /** Commands that the nodes have, as the table names them. */
  readonly known: ReadonlySet<string>;
  /** The owner of each tag's slot. */
  readonly #owners: ReadonlyMap<string, RealNode>;
  readonly #texts: ReadonlyMap<string, string>;
  /** To the proxy. */
  readonly #janitor: RawClient;

  private constructor(
    cluster: RedisCluster,
    proxy: AnyProxy,
    clients: { readonly nodes: readonly RawClient[]; readonly janitor: RawClient },
    facts: Pick<ComparedCluster, "known"> & {
      readonly owners: ReadonlyMap<string, RealNode>;
      readonly texts: ReadonlyMap<string, string>;
    },
  ) {
    this.cluster = cluster;
    this.proxy = proxy;
    this.nodes = clients.nodes;
    this.#janitor = clients.janitor;
    this.known = facts.known;
    this.#owners = facts.owners;
    this.#texts = facts.texts;
  }

  /** @param startProxy in front of a cluster of this address; in this process and of one thread by default */
  static async start(
    startProxy: (origin: string) => Promise<AnyProxy> = (origin) => LocalProxy.ready({ origin }),
  ): Promise<ComparedCluster> {
    // Blocking commands end soon after their time-out only if the nodes check often.
    const cluster = await RedisCluster.start({ args: ["--hz", "500"] });
    const proxy = await startProxy(cluster.address());
    const nodes = await Promise.all(cluster.nodes.map(({ port }) => RawClient.connect(port)));
    const janitor = await RawClient.connect(proxy.port);
    const owners = new Map<string, RealNode>();
    for (const tag of TAGS) owners.set(tag, await cluster.nodeOf(tag));
    const owner = owners.get(TAG)!;
    const client = nodes[cluster.nodes.indexOf(owner)]!;
    const texts = new Map(Object.entries(TEXTS));
    texts.set("<sha>", (await owner.must("SCRIPT", "LOAD", TEXTS["<get>"]!)) as string);
    await owner.must("FUNCTION", "LOAD", TEXTS["<library>"]!);
    texts.set("<functions>", payloadIn(await client.ask("FUNCTION", "DUMP")));
    await client.ask("SET", `${TAG}dumped`, "a value");
    texts.set("<dump>", payloadIn(await client.ask("DUMP", `${TAG}dumped`)));
    const names = [...COMMAND_FACTS.keys()];
    const infos = (await owner.must("COMMAND", "INFO", ...names)) as unknown[];
    const known = new Set(names.filter((_, index) => infos[index] !== null));
    return new ComparedCluster(cluster, proxy, { nodes, janitor }, { known, owners, texts });
  }

  /** The node that has the keys of a tag. */
  ownerOf(tag: string): RealNode {
    return this.#owners.get(tag)!;
  }

  /** What a line of `FORMS` sends. */
  wordsOf(line: string, tag: string = TAG): string[] {
    return line
      .replace(/^!/, "")
      .split(" ")
      .map((word) => (/^\$./.test(word) ? tag + word.slice(1) : (this.#texts.get(word) ?? word)));
  }

  /** Gives all nodes the same keys, scripts and functions, and none to the proxy's cache. */
  async prepare(hasScripts: boolean): Promise<void> {
    const janitor = this.#janitor;
    // The proxy waits for the invalidations.
    await janitor.ask("FLUSHALL");
    if (hasScripts) {
      await Promise.all([janitor.ask("SCRIPT", "FLUSH"), janitor.ask("FUNCTION", "FLUSH")]);
      await Promise.all([
        janitor.ask("SCRIPT", "LOAD", TEXTS["<get>"]!),
        janitor.ask("FUNCTION", "LOAD", TEXTS["<library>"]!),
      ]);
    }
    await Promise.all(
      TAGS.map(async (tag) => {
        const node = this.nodes[this.cluster.nodes.indexOf(this.ownerOf(tag))]!;
        const replies = await Promise.all(FIXTURE.map((line) => node.ask(...this.wordsOf(line, tag))));
        const errors = replies.map((reply) => latin1(reply)).filter((reply) => reply.startsWith("-"));
        if (errors.length > 0) throw new Error(errors.join(""));
      }),
    );
  }

  /** Sends requests at the cluster, then through the proxy, each time in the same state. */
  async bothReplies(
    version: 2 | 3,
    requests: readonly Words[],
    hasScripts: boolean,
  ): Promise<{ direct: string[]; proxied: string[] }> {
    await this.prepare(hasScripts);
    // Not the node of the usual keys.
    const direct = await repliesOf(this.cluster.nodes[0]!.port, version, requests);
    await this.prepare(hasScripts);
    const proxied = await repliesOf(this.proxy.port, version, requests);
    return { direct, proxied };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of [this.#janitor, ...this.nodes]) client.close();
    await this.proxy[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
  }
}

/** Sends requests one after the other over a connection of their own. */
export async function repliesOf(port: number, version: 2 | 3, requests: readonly Words[]): Promise<string[]> {
  using client = await RedirectedClient.connect(port, version);
  const replies: string[] = [];
  for (const words of requests) replies.push(await client.ask(...words));
  return replies;
}

/** Where the keys are in a request. */
export function keysIn(words: Words): number[] {
  const request: Arguments = { count: words.length, text: (index) => words[index]! };
  const uses = factsOfRequest(request)?.uses ?? [];
  return [...new Set(uses.flatMap((use) => keysOf(use, request)))];
}

/** The byte string in a reply. */
function payloadIn(reply: Uint8Array): string {
  return latin1(reply, reply.indexOf(0x0a) + 1, reply.length - 2);
}
