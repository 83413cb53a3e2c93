import type { Answer, Request } from "./happenings.ts";
import type { RequestEnd, Wire } from "./wire.ts";
import type { World } from "./world.ts";

/** One state of a key at the origin. */
export interface OriginState {
  readonly key: string;
  readonly version: number;
  /** Undefined: the key does not exist. */
  readonly text: string | undefined;
  /** Infinity: never. */
  readonly expiresAtMs: number;
}

export interface OriginOptions {
  /** The time that the origin takes for a command. It executes one at a time. */
  readonly serviceMs: number;
  /** Whether it can tell of changes. */
  readonly tracks: boolean;
  /** For how long an answer may be kept, for an origin that says so anew with each answer; undefined: until it expires. */
  readonly goodForMs?: (key: string) => number;
}

const ORIGIN: OriginOptions = { serviceMs: 0, tracks: true };

/** An executed command waits for its reply's time here. */
interface Waiting {
  readonly wire: Wire;
  readonly request: Request;
}

/**
 * A model of the origin: values with versions and expiry. It notes which connection has read which key, and tells it
 * once when the key changes, as CLIENT TRACKING of Redis does: behind the replies that it has sent before, on the same
 * connection; the invalidation of a connection's own write behind the reply to that write.
 */
export class ModelOrigin implements RequestEnd {
  readonly #world: World;
  readonly #options: OriginOptions;
  readonly #states = new Map<string, OriginState>();
  readonly #tracked = new Map<string, Set<Wire>>();
  #versions = 0;
  #busyUntilMs = 0;
  /** Commands that have arrived and have not been executed. */
  waiting = 0;
  /** The most that have waited at once, the one that was executed included. */
  mostWaiting = 0;

  constructor(world: World, options: OriginOptions = ORIGIN) {
    this.#world = world;
    this.#options = options;
  }

  /** Returns the key's present state. */
  state(key: string): OriginState {
    const state = this.#states.get(key);
    if (state === undefined)
      return { key, version: 0, text: undefined, expiresAtMs: Number.POSITIVE_INFINITY };
    return state;
  }

  /** Executes no command from now on, as a busy server. `resume` lets it go on. */
  pause(): void {
    this.#world.lane("origin").isHeld = true;
    this.isPaused = true;
  }

  resume(): void {
    this.#world.lane("origin").isHeld = false;
    this.isPaused = false;
  }

  isPaused = false;

  arrived(wire: Wire, requests: readonly Request[]): void {
    if (this.#options.serviceMs === 0 && !this.isPaused && this.waiting === 0) {
      const answers = requests.flatMap((request) => this.#execute({ wire, request }));
      wire.answer(answers);
      return;
    }
    for (const request of requests) {
      this.waiting++;
      this.mostWaiting = Math.max(this.mostWaiting, this.waiting);
      this.#busyUntilMs = Math.max(this.#busyUntilMs, this.#world.nowMs) + this.#options.serviceMs;
      const about = { kind: "execute" as const, wire: wire.name, request };
      this.#world.lane("origin").append(this.#busyUntilMs, about, () => {
        this.waiting--;
        wire.answer(this.#execute({ wire, request }));
      });
    }
  }

  /** Changes a key. `write`: the client's; 0: none. @returns the new version */
  set(key: string, text: string, ttlMs: number = Number.POSITIVE_INFINITY, write = 0): number {
    const version = this.#become(key, text, this.#world.nowMs + ttlMs, write);
    this.#push(key, undefined);
    return version;
  }

  #execute({ wire, request }: Waiting): Answer[] {
    const world = this.#world;
    const reply = (version: number, remainingMs: number): Answer => {
      world.tell({ what: "executed", wire: wire.name, request, version });
      return { kind: "reply", to: request, version, remainingMs };
    };
    switch (request.command) {
      case "track":
        wire.isTracking = this.#options.tracks;
        return [reply(0, this.#options.tracks ? 1 : 0)];
      case "ping":
        return [reply(0, 0)];
      case "pttl":
      case "get": {
        const state = this.#read(request.key);
        this.#track(request.key, wire);
        return [reply(state.version, this.#remainingMs(state))];
      }
      case "set": {
        const { key, text, write } = request;
        const version = this.#become(key, text, Number.POSITIVE_INFINITY, write);
        const answer = reply(version, 0);
        return [answer, ...this.#push(key, wire)];
      }
    }
  }

  #read(key: string): OriginState {
    const state = this.state(key);
    if (state.expiresAtMs > this.#world.nowMs) return state;
    this.#expire(state);
    return this.state(key);
  }

  /** As PTTL tells it: -2 without a key, -1 without an expiry. */
  #remainingMs({ key, text, expiresAtMs }: OriginState): number {
    if (text === undefined) return -2;
    const goodForMs = this.#options.goodForMs?.(key);
    if (goodForMs !== undefined) return goodForMs;
    return expiresAtMs === Number.POSITIVE_INFINITY ? -1 : expiresAtMs - this.#world.nowMs;
  }

  #become(key: string, text: string, expiresAtMs: number, write: number): number {
    const version = ++this.#versions;
    this.#states.set(key, { key, version, text, expiresAtMs });
    this.#world.tell({ what: "changed", key, text, version, write, expiresAtMs });
    if (expiresAtMs !== Number.POSITIVE_INFINITY) {
      const timers = this.#world.timers("origin");
      timers.after(expiresAtMs - this.#world.nowMs, () => {
        if (this.state(key).version === version) this.#expire(this.state(key));
      });
    }
    return version;
  }

  #expire({ key }: OriginState): void {
    const version = ++this.#versions;
    this.#states.set(key, { key, version, text: undefined, expiresAtMs: Number.POSITIVE_INFINITY });
    this.#world.tell({ what: "expired", key, version });
    this.#push(key, undefined);
  }

  #track(key: string, wire: Wire): void {
    if (!wire.isTracking) return;
    const wires = this.#tracked.get(key) ?? new Set();
    this.#tracked.set(key, wires.add(wire));
  }

  /** Tells the connections that have read the key. @returns what the writer's own connection is told */
  #push(key: string, writer: Wire | undefined): Answer[] {
    const push: Answer = { kind: "push", key };
    const own: Answer[] = [];
    for (const wire of this.#tracked.get(key) ?? []) {
      if (wire.isEnded) continue;
      const to = wire.pushWire ?? wire;
      this.#world.tell({ what: "pushed", wire: to.name, key });
      if (to === writer) own.push(push);
      else to.answer([push]);
    }
    this.#tracked.delete(key);
    return own;
  }
}
