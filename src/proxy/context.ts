import type { CoherentCache } from "../coherence/coherent-cache.ts";
import type { ClientContext, LateAnswer, ServiceHost } from "../commands/client-context.ts";
import type { CommandTable, NameTable } from "../commands/command-table.ts";
import type { CommandFacts, KeyUse } from "../commands/facts.ts";
import type { Monitors } from "../commands/monitors.ts";
import type { InstrumentsClient } from "../instruments/questions.ts";
import type { ByteSlab } from "../lib/byte-slab.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import type { Random } from "../lib/random.ts";
import type { ClientPause } from "../net/client-pause.ts";
import type { ClientRegistry } from "../net/client-registry.ts";
import type { Connection } from "../net/connection.ts";
import type { ConnectionLimits } from "../net/limits.ts";
import type { ListeningPorts } from "../net/listening-ports.ts";
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
import type { OwnerChanges } from "./several-nodes/owner-changes.ts";
import type { Peers } from "./threads/peers.ts";
import type { ThreadTable } from "./threads/thread-table.ts";

/** What the proxy's commands use; one object per client. */
export interface ProxyContext extends ClientContext {
  readonly connection: Connection;
  readonly proxy: ProxyParts;
  /** Promises to answer the present request later. Later requests for another lane wait until then. */
  answerLater(): LateAnswer;
  /** Answers GLASS.GET, in order with the client's other reads. Absent for a client of another thread. */
  getDescribed?(request: Request, reply: ReplyWriter): void;
  /** Whether each cached read is answered with its source (GLASS.SOURCE). */
  namesSources: boolean;
}

/** Settings that can be changed while the proxy runs. */
export interface LiveParameters {
  readonly names: readonly string[];
  /** Returns the present value, as a user would write it. */
  show(name: string): string;
  /**
   * Reads a new value.
   * @returns a function that applies it, which returns a function that restores the old one; other threads adopt it
   * in `refresh`
   * @throws RangeError saying what is wrong with it
   */
  prepare(name: string, text: string): () => () => void;
  /** Adopts the settings that any thread has applied. */
  refresh(): void;
}

/** One thread of the proxy, as its sessions and commands see it. */
export interface ProxyParts {
  readonly cache: CoherentCache<Store, Question>;
  readonly origin: Origin;
  readonly fence: Fence;
  readonly random: Random;
  readonly readThrough: ReadThrough;
  /** The bytes of requests on their way to the origin, in case they must be sent again. */
  readonly sentRequests: ByteSlab;
  /** Tells when hash slots may have other owners. */
  readonly ownerChanges: OwnerChanges;
  readonly stats: ProxyStats;
  /** The observer of the cache's keys; undefined: none. */
  readonly observer: CacheObserver | undefined;
  /** Asks the instruments; undefined: there are none. */
  readonly instruments: InstrumentsClient | undefined;
  /** The recorder of requests; undefined: none. */
  readonly recorder: Recorder | undefined;
  readonly commands: CommandTable<ProxyContext>;
  readonly routes: NameTable<Route>;
  /** Returns the origin's route for a command that the table does not have, if known. */
  learnedRoute(request: Request): Route | undefined;
  /** What the origin has said about a command that the tables do not have. @param name in lower case */
  learnedFacts(name: string): CommandFacts | undefined;
  /** Asks the origin about it. @returns false if that has been done, or makes no sense; then `then` is not called */
  askCommand(name: string, then: () => void): boolean;
  /** Returns what a request over a side connection does to keys; undefined: unknown. */
  usesOf(route: Route, request: Request): readonly KeyUse[] | undefined;
  readonly host: ServiceHost;
  readonly registry: ClientRegistry;
  /** The present settings; CONFIG SET changes some of them. */
  readonly settings: ProxySettings;
  readonly live: LiveParameters;
  readonly limits: ConnectionLimits;
  readonly pause: ClientPause;
  readonly monitors: Monitors;
  /** The commands that scripts run at the origin, for clients that monitor. */
  readonly scriptLines: ScriptLines;
  /** The scripts that CLIENT PAUSE WRITE lets pass. */
  readonly scripts: ReadOnlyScripts;
  /** Whether CONFIG has a setting of the proxy's with this name, in lower case. */
  isOwnParameter(name: string): boolean;
  /** What the origin has said about itself. */
  readonly facts: OriginFacts;
  /** What the threads know of each other. With one thread, it has one row. */
  readonly threads: ThreadTable;
  /** The number of this thread. */
  readonly index: number;
  /** The other threads; undefined if there are none. */
  readonly peers: Peers | undefined;
  readonly runId: string;
  readonly ports: ListeningPorts;
  /** Returns the key in this argument of a request, valid until the next call. */
  keyOf(request: Request, index: number): KeyRef;
  /** The time base of the cache: milliseconds that never go back, close to Unix time. */
  readonly nowMs: () => number;
}
