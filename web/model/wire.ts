import type { Answer, FrameLoad, Request } from "./happenings.ts";
import type { Lane, World } from "./world.ts";

/** The end of a wire at which requests arrive. */
export interface RequestEnd {
  arrived(wire: Wire, requests: readonly Request[]): void;
}

/** The end of a wire at which answers arrive. */
export interface AnswerEnd {
  delivered(answers: readonly Answer[]): void;
  /** The connection has ended. */
  ended(): void;
}

export interface WireOptions {
  /** The time that a frame takes, and the most that chance adds to it. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Whether what is sent together can arrive piece by piece. An invalidation always arrives on its own. */
  readonly isSplit: boolean;
}

export const WIRE: WireOptions = { latencyMs: 10, jitterMs: 0, isSplit: false };

/**
 * One connection to the origin. What is sent arrives in order, in each direction. It can be cut, which its ends notice,
 * or swallow everything in silence.
 */
export class Wire {
  readonly name: string;
  /** Requests on their way, and answers. */
  readonly up: Lane;
  readonly down: Lane;
  /** Whether the origin tells this connection what has changed. */
  isTracking = false;
  isEnded = false;
  /**
   * Another connection that brings this one's invalidations, which are then not in order with the replies. The product
   * has no such thing; the model shows why.
   */
  pushWire: Wire | undefined;
  readonly #world: World;
  readonly #options: WireOptions;
  readonly #origin: RequestEnd;
  readonly #end: AnswerEnd;

  constructor(world: World, name: string, options: WireOptions, origin: RequestEnd, end: AnswerEnd) {
    this.#world = world;
    this.#options = options;
    this.#origin = origin;
    this.#end = end;
    this.name = name;
    this.up = world.lane(`${name} up`);
    this.down = world.lane(`${name} down`);
  }

  /** Sends requests to the origin. */
  send(requests: readonly Request[]): void {
    for (const some of this.#segments(requests, () => false)) {
      const frame = this.#sent({ up: true, requests: some });
      this.up.append(this.#arrivalMs(), { kind: "arrive", wire: this.name, requests: some }, () => {
        this.#arrived(frame);
        this.#origin.arrived(this, some);
      });
    }
  }

  /** Sends answers to the proxy. */
  answer(answers: readonly Answer[]): void {
    for (const some of this.#segments(answers, ({ kind }) => kind === "push")) {
      const frame = this.#sent({ up: false, answers: some });
      this.down.append(this.#arrivalMs(), { kind: "deliver", wire: this.name, answers: some }, () => {
        this.#arrived(frame);
        this.#end.delivered(some);
      });
    }
  }

  /** Breaks the connection: what is under way is lost. The proxy notices it when that has come through the wire. */
  cut(): void {
    if (this.isEnded) return;
    this.close();
    this.#world.tell({ what: "cut", wire: this.name });
    this.down.append(this.#arrivalMs(), { kind: "notice", wire: this.name }, () => this.#end.ended());
  }

  /** From now on nothing gets through, and neither end is told. */
  swallow(): void {
    this.#setStuck(true);
    this.#world.tell({ what: "swallowed", wire: this.name });
  }

  /** Frames get through again, those sent meanwhile too: TCP sends them again. */
  mend(): void {
    this.#setStuck(false);
    this.#world.tell({ what: "mended", wire: this.name });
  }

  #setStuck(isStuck: boolean): void {
    this.up.isStuck = isStuck;
    this.down.isStuck = isStuck;
  }

  /** Ends the connection at the proxy's end. */
  close(): void {
    this.isEnded = true;
    this.isTracking = false;
    this.up.clear();
    this.down.clear();
    this.#setStuck(false);
  }

  #sent(load: FrameLoad): number {
    const frame = this.#world.nextNumber();
    this.#world.tell({ what: "sent", wire: this.name, frame, load });
    return frame;
  }

  #arrived(frame: number): void {
    this.#world.tell({ what: "arrived", wire: this.name, frame });
  }

  /** Returns what arrives together. */
  #segments<Part>(parts: readonly Part[], isAlone: (part: Part) => boolean): Part[][] {
    const segments: Part[][] = [];
    if (this.isEnded) return segments;
    let last: Part | undefined;
    for (const part of parts) {
      const isNew = last === undefined || this.#options.isSplit || isAlone(part) || isAlone(last);
      if (isNew) segments.push([part]);
      else segments.at(-1)!.push(part);
      last = part;
    }
    return segments;
  }

  #arrivalMs(): number {
    const { latencyMs, jitterMs } = this.#options;
    const chanceMs = jitterMs === 0 ? 0 : Math.round(jitterMs * this.#world.random.next());
    return this.#world.nowMs + latencyMs + chanceMs;
  }
}
