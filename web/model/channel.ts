import { Heartbeat, stalenessBoundMs } from "../../src/coherence/heartbeat.ts";
import type { Timer } from "../../src/lib/timers.ts";
import type { Answer } from "./happenings.ts";
import type { ModelOrigin } from "./origin.ts";
import type { Asked, ProxyOptions } from "./proxy-options.ts";
import { type AnswerEnd, Wire } from "./wire.ts";
import type { World } from "./world.ts";

export interface ChannelEvents {
  /** The origin has changed a key. */
  pushed(key: string): void;
  /** Nothing fetched over the connection can be trusted any more. */
  lost(): void;
}

/** A second connection gets two answers, one after the other. */
const PROBE_ROUND_TRIPS = 2;

/**
 * A proxy's source of data and invalidations: one connection at a time, and the product's heartbeat on it. A connection
 * that ends is opened again after a delay; one whose wire alone is dead is replaced at once, and reads are sent again.
 */
export class Channel implements AnswerEnd {
  readonly #world: World;
  readonly #origin: ModelOrigin;
  readonly #options: ProxyOptions;
  readonly #events: ChannelEvents;
  #wire: Wire | undefined;
  #heartbeat: Heartbeat | undefined;
  #timeout: Timer | undefined;
  #reconnect: Timer | undefined;
  #outstanding: Asked[] = [];
  /** Since when requests have waited and nothing has arrived. */
  #waitingSinceMs = 0;
  /** When something last arrived. */
  lastReceivedMs = 0;
  /** Whether the origin tells of changes; undefined while unknown. */
  tracks: boolean | undefined;
  /** Until then no invalidation can be missing. */
  provenUntilMs = Number.POSITIVE_INFINITY;
  /** Whether new connections get nowhere. */
  isNetworkDown = false;
  #connections = 0;

  constructor(world: World, origin: ModelOrigin, options: ProxyOptions, events: ChannelEvents) {
    this.#world = world;
    this.#origin = origin;
    this.#options = options;
    this.#events = events;
    this.#open();
  }

  get isOpen(): boolean {
    return this.#wire !== undefined;
  }

  /** The present connection. @throws Error while there is none */
  get wire(): Wire {
    if (this.#wire === undefined) throw new Error(`${this.#options.name} has no connection`);
    return this.#wire;
  }

  send(asked: readonly Asked[]): void {
    if (this.#outstanding.length === 0) this.#waitingSinceMs = this.#world.nowMs;
    this.#outstanding.push(...asked);
    this.wire.send(asked.map(({ request }) => request));
    if (this.#timeout === undefined) this.#awaitAnswer(this.#options.originTimeoutMs);
  }

  delivered(answers: readonly Answer[]): void {
    this.lastReceivedMs = this.#world.nowMs;
    this.#waitingSinceMs = this.#world.nowMs;
    for (const answer of answers) {
      if (answer.kind === "push") this.#events.pushed(answer.key);
      else this.#outstanding.shift()!.replied(answer);
    }
  }

  /** The connection has ended. */
  ended(): void {
    this.#takeDown();
    for (const { failed } of this.#outstanding.splice(0)) failed();
    this.#world.tell({ what: "disconnected", at: this.#options.name });
    const timers = this.#world.timers(this.#options.name);
    this.#reconnect = timers.after(this.#options.reconnectMs, () => this.#open());
  }

  /** Stops for good, as a process that is killed. */
  stop(): void {
    this.#reconnect?.stop();
    this.#takeDown();
    this.#outstanding = [];
    this.#world.tell({ what: "stopped", at: this.#options.name });
  }

  #open(): void {
    const { name, wire } = this.#options;
    const number = ++this.#connections;
    const wireName = number === 1 ? name : `${name} ${number}`;
    this.#wire = new Wire(this.#world, wireName, wire, this.#origin, this);
    if (this.#options.hasPushWire) {
      this.#wire.pushWire = new Wire(this.#world, `pushes to ${wireName}`, wire, this.#origin, this);
    }
    if (this.isNetworkDown) this.#wire.swallow();
    this.lastReceivedMs = this.#world.nowMs;
    this.tracks = undefined;
    const sentAtMs = this.#world.nowMs;
    this.send([
      {
        request: { command: "track" },
        replied: ({ remainingMs }) => this.#tracks(remainingMs === 1, sentAtMs),
        failed: () => {},
        again: undefined,
      },
    ]);
  }

  #tracks(tracks: boolean, sentAtMs: number): void {
    this.tracks = tracks;
    this.#world.tell({ what: "connected", at: this.#options.name });
    if (tracks) this.#prove(sentAtMs + stalenessBoundMs(this.#options));
    this.#beat();
  }

  #beat(): void {
    const world = this.#world;
    const { name } = this.#options;
    const timers = world.timers(name);
    this.#heartbeat = new Heartbeat({ ...this.#options, clock: world, timers }, this, {
      ask: (answered) => {
        const sentAtMs = world.nowMs;
        const replied = (): void => answered(sentAtMs);
        const ping: Asked = { request: { command: "ping" }, replied, failed: () => {}, again: () => [] };
        this.send([ping]);
      },
      proven: (untilMs) => {
        if (this.tracks === true) this.#prove(untilMs);
      },
      silent: () => world.tell({ what: "silent", at: name }),
      answers: () => world.tell({ what: "answers", at: name }),
      probe: (done) => {
        const { latencyMs } = this.#options.wire;
        let timer = timers.after(2 * PROBE_ROUND_TRIPS * latencyMs, () => {
          if (!this.isNetworkDown && !this.#origin.isPaused) done(true);
          else timer = timers.after(this.#options.originTimeoutMs, () => done(false));
        });
        return { close: () => timer.stop() };
      },
      wireLost: () => this.#changeOver(),
    });
    this.#heartbeat.start();
  }

  #prove(untilMs: number): void {
    this.provenUntilMs = untilMs;
    this.#world.tell({ what: "proven", at: this.#options.name, untilMs });
  }

  /** Replaces a connection whose wire is dead, although the origin answers others. */
  #changeOver(): void {
    this.#world.tell({ what: "wire-lost", at: this.#options.name });
    this.#takeDown();
    const outstanding = this.#outstanding.splice(0);
    this.#open();
    for (const { again, failed } of outstanding) {
      if (again === undefined) failed();
      else this.send(again());
    }
  }

  #takeDown(): void {
    this.#heartbeat?.stop();
    this.#heartbeat = undefined;
    this.#timeout?.stop();
    this.#timeout = undefined;
    this.#wire?.pushWire?.close();
    this.#wire?.close();
    this.#wire = undefined;
    this.tracks = undefined;
    this.#events.lost();
    // Nothing of it is left that would have to be vouched for.
    this.provenUntilMs = Number.POSITIVE_INFINITY;
  }

  /** Gives a connection up if nothing has arrived for too long while requests wait. */
  #awaitAnswer(delayMs: number): void {
    const { originTimeoutMs, name } = this.#options;
    this.#timeout = this.#world.timers(name).after(delayMs, () => {
      this.#timeout = undefined;
      if (this.#outstanding.length === 0) return;
      const silentMs = this.#world.nowMs - this.#waitingSinceMs;
      if (silentMs >= originTimeoutMs) this.ended();
      else this.#awaitAnswer(originTimeoutMs - silentMs);
    });
  }
}
