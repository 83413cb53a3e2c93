import type { CoherentCache } from "../coherence/coherent-cache.ts";
import type { ClientContext, ServiceHost } from "../commands/client-context.ts";
import type { CommandTable, NameTable } from "../commands/command-table.ts";
import type { KeyUse } from "../commands/facts.ts";
import type { Monitors } from "../commands/monitors.ts";
import type { ByteSlab } from "../lib/byte-slab.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import type { ClientPause } from "../net/client-pause.ts";
import type { ClientRegistry } from "../net/client-registry.ts";
import type { Connection } from "../net/connection.ts";
import type { ConnectionLimits } from "../net/limits.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import type { Store } from "../store/store.ts";
import type { Origin } from "../upstream/origin.ts";
import type { CacheObserver } from "./cache-observer.ts";
import type { Fence } from "./fence.ts";
import type { OriginFacts } from "./origin-facts.ts";
import type { ProxyStats } from "./proxy-stats.ts";
import type { Question } from "./question.ts";
import type { ReadOnlyScripts } from "./read-only-scripts.ts";
import type { ReadThrough } from "./read-through.ts";
import type { Recorder } from "./recorder.ts";
import type { Route } from "./routes.ts";
import type { ScriptLines } from "./script-lines.ts";
import type { ProxySettings } from "./settings.ts";
import type { Peers } from "./threads/peers.ts";
import type { ThreadTable } from "./threads/thread-table.ts";

/** Answers a request once: writes the reply. */
export type LateAnswer = (write: (reply: ReplyWriter) => void) => void;

/** What the commands of the proxy run on; one for each client. */
export interface ProxyContext extends ClientContext {
  readonly connection: Connection;
  readonly proxy: ProxyParts;
  /** The request under way is answered later: what the client asks next in another way waits until then. */
  answerLater(): LateAnswer;
  /** Answers GLASS.GET, in order with the client's other reads. Absent where a client of another thread is served. */
  getDescribed?(request: Request, reply: ReplyWriter): void;
  /** Each cached read is answered with where it came from (GLASS.SOURCE). */
  namesSources: boolean;
}

/** Settings that can be changed while the proxy runs. */
export interface LiveParameters {
  readonly names: readonly string[];
  /** As it would be written. */
  show(name: string): string;
  /**
   * Reads a new value.
   * @returns how to apply it, which returns how to take that back; the threads have it once they `refresh`
   * @throws RangeError saying what is wrong with it
   */
  prepare(name: string, text: string): () => () => void;
  /** Takes what has been applied, by whatever thread. */
  refresh(): void;
}

/** The proxy as its sessions and commands see it: one thread of it. */
export interface ProxyParts {
  readonly cache: CoherentCache<Store, Question>;
  readonly origin: Origin;
  readonly fence: Fence;
  readonly readThrough: ReadThrough;
  /** Reads on their way to the origin, in case they have to be sent again. */
  readonly sentReads: ByteSlab;
  readonly stats: ProxyStats;
  /** Who is told what happens to the cache's keys; undefined: nobody. */
  readonly observer: CacheObserver | undefined;
  /** Where requests are recorded; undefined: nowhere. */
  readonly recorder: Recorder | undefined;
  readonly commands: CommandTable<ProxyContext>;
  readonly routes: NameTable<Route>;
  /** The route of a command that the table does not have, if the origin has told of it. */
  learnedRoute(request: Request): Route | undefined;
  /** What a request that goes over a side connection does to keys; undefined: not known. */
  usesOf(route: Route, request: Request): readonly KeyUse[] | undefined;
  readonly host: ServiceHost;
  readonly registry: ClientRegistry;
  /** CONFIG SET changes some of them. */
  readonly settings: ProxySettings;
  readonly live: LiveParameters;
  readonly limits: ConnectionLimits;
  readonly pause: ClientPause;
  readonly monitors: Monitors;
  /** What scripts do at the origin, for clients that monitor. */
  readonly scriptLines: ScriptLines;
  /** What CLIENT PAUSE WRITE lets pass. */
  readonly scripts: ReadOnlyScripts;
  /** Whether CONFIG has a setting of the proxy's under this name, in lower case. */
  isOwnParameter(name: string): boolean;
  /** What the origin is, as far as it has said. */
  readonly facts: OriginFacts;
  /** What all threads know of each other; of one, where there is one. */
  readonly threads: ThreadTable;
  /** Which of them this is. */
  readonly index: number;
  /** The other threads; undefined where there are none. */
  readonly peers: Peers | undefined;
  readonly runId: string;
  /** Where it listens; 0 before it does. */
  readonly port: number;
  /** The key that is this argument of a request; valid until the next one is asked for. */
  keyOf(request: Request, index: number): KeyRef;
  /** The time base of everything cached: milliseconds that never go back, near those of the Unix epoch. */
  readonly nowMs: () => number;
}
