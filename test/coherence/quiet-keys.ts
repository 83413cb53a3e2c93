import type { ReplyValue } from "../../src/protocol/reply-value.ts";
import { RespClient } from "../support/resp-client.ts";
import { until } from "../support/until.ts";
import { isConnectionError } from "./client.ts";
import type { FailingOrigin } from "./failing-origin.ts";
import type { ListWorld } from "./list-clients.ts";

/** A quiet key that was found not to be cached any more. */
export interface Miss {
  readonly key: string;
  readonly part: number;
  readonly slot: number;
  readonly site: string;
  readonly atMs: number;
}

interface SitePort {
  readonly site: string;
  readonly port: number;
}

const VALUE = "quiet";
const THINK_MS = 4;
/** How often all must be found in the cache: a proxy has several threads. */
const WARM_SWEEPS = 2;

/** Keys that nobody writes: they stay in the caches unless a fault takes them. */
export class QuietKeys {
  readonly #origin: FailingOrigin;
  readonly #sites: readonly SitePort[];
  /** How often an entry was looked at, and how often it was there and could not be served: nobody vouched for it. */
  looks = 0;
  unproven = 0;

  constructor(origin: FailingOrigin, sites: readonly SitePort[]) {
    this.#origin = origin;
    this.#sites = sites;
  }

  countIn(parts: ReadonlySet<number>): number {
    return this.#origin.quiet.filter(({ part }) => parts.has(part)).length;
  }

  /** Has all proxies cache all of them. */
  async warm(): Promise<void> {
    const { quiet } = this.#origin;
    const values = await this.#origin.valuesOf(quiet.map(({ key }) => key));
    for (const [index, { key }] of quiet.entries()) {
      if (values[index] !== VALUE) await this.#origin.restore(key, VALUE);
    }
    for (const { port, site } of this.#sites) {
      let sweeps = 0;
      await until(async () => {
        try {
          using client = await RespClient.connect({ port });
          const replies = await Promise.all(quiet.map(({ key }) => client.ask("GLASS.GET", key)));
          sweeps = replies.every((reply) => sourceOf(reply) === "hit") ? sweeps + 1 : 0;
        } catch (error) {
          if (!isConnectionError(error)) throw error;
        }
        return sweeps >= WARM_SWEEPS;
      }, `proxy ${site} has cached the quiet keys`);
    }
  }

  /** Reads all in turn until the world ends, those of each part by a client of its own. */
  async watch(world: ListWorld, misses: Miss[]): Promise<void> {
    const parts = Array.from({ length: this.#origin.parts }, (_, part) => part);
    await Promise.all(
      this.#sites.flatMap((site) => parts.map((part) => this.#watchPart(world, site, part, misses))),
    );
  }

  async #watchPart(world: ListWorld, { site, port }: SitePort, part: number, misses: Miss[]): Promise<void> {
    const places = this.#origin.quiet.filter((place) => place.part === part);
    using looking = await RespClient.connect({ port });
    using reading = await RespClient.connect({ port });
    for (let turn = 0; !world.isEnded; turn++) {
      const { key, slot } = places[turn % places.length]!;
      // Not by reading: a read that comes while the origin has not proven itself misses, though the entry is there.
      const [, isCached, , isServable] = (await looking.ask("GLASS.EXPLAIN", key)) as ReplyValue[];
      this.looks++;
      if (isCached === 0) {
        misses.push({ key, part, slot, site, atMs: performance.now() });
        // So that it is there again. Waiting for it would keep others from being looked at.
        if (reading.outstandingCount < places.length) void reading.ask("GET", key).catch(() => {});
      } else if (isServable === 0) this.unproven++;
      if (turn % places.length === 0) await Bun.sleep(THINK_MS);
    }
  }
}

function sourceOf(reply: ReplyValue): string {
  return Array.isArray(reply) ? String(reply[1]) : String(reply);
}
