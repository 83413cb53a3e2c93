import type { Clock } from "../../src/lib/clock.ts";
import { SeededRandom } from "../../src/lib/random.ts";
import type { Timer, Timers } from "../../src/lib/timers.ts";
import type { Happening, MoveAbout, Told } from "./happenings.ts";

/** Something that can happen next. `lane` names it: the same choices always lead to the same world. */
export interface Move {
  readonly lane: string;
  readonly about: MoveAbout;
  /** It happens no earlier. */
  readonly dueMs: number;
}

interface Pending {
  readonly dueMs: number;
  readonly about: MoveAbout;
  readonly act: () => void;
}

/**
 * Things that happen one after another in one place: the frames in one direction of a connection, the actions of a
 * client, the timers of a proxy.
 */
export class Lane {
  /** A held lane goes on only by `World.take`. */
  isHeld = false;
  /** Nothing happens in a lane that is stuck. */
  isStuck = false;
  readonly #pending: Pending[] = [];

  get first(): Pending | undefined {
    return this.isStuck ? undefined : this.#pending[0];
  }

  /** Adds something behind all else here. */
  append(dueMs: number, about: MoveAbout, act: () => void): void {
    this.#pending.push({ dueMs: Math.max(dueMs, this.#pending.at(-1)?.dueMs ?? 0), about, act });
  }

  /** Adds something at its time. */
  insert(dueMs: number, about: MoveAbout, act: () => void): Timer {
    const pending = { dueMs, about, act };
    const behind = this.#pending.findIndex((other) => other.dueMs > dueMs);
    this.#pending.splice(behind < 0 ? this.#pending.length : behind, 0, pending);
    return {
      stop: () => {
        const at = this.#pending.indexOf(pending);
        if (at >= 0) this.#pending.splice(at, 1);
      },
    };
  }

  shift(): Pending | undefined {
    return this.#pending.shift();
  }

  clear(): void {
    this.#pending.length = 0;
  }
}

/**
 * A world of discrete events with a clock of its own. `step` takes the move that is due first. `take` takes any:
 * nothing happens before its time, but everything can happen later. So each choice is a way in which a real network
 * could behave. A world is decided by how it is set up, its seed and the choices.
 */
export class World implements Pick<Clock, "monotonicMs"> {
  readonly random: SeededRandom;
  readonly happenings: Happening[] = [];
  nowMs = 0;
  #steps = 0;
  #numbers = 0;
  readonly #lanes = new Map<string, Lane>();

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  /** How many moves have been taken. */
  get steps(): number {
    return this.#steps;
  }

  /** Numbers reads, writes and frames, from 1 on. */
  nextNumber(): number {
    return ++this.#numbers;
  }

  tell(told: Told): void {
    this.happenings.push({ atMs: this.nowMs, step: this.#steps, ...told });
  }

  /** Returns the lane of this name; it is made if there is none. */
  lane(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = new Lane();
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  /** Timers that are moves of the lane `timers of OWNER`. */
  timers(owner: string): Timers {
    const lane = this.lane(`timers of ${owner}`);
    const after = (delayMs: number, act: () => void): Timer =>
      lane.insert(this.nowMs + delayMs, { kind: "timer", owner }, act);
    const every = (periodMs: number, act: () => void): Timer => {
      let timer: Timer;
      const again = (): void => {
        timer = after(periodMs, again);
        act();
      };
      timer = after(periodMs, again);
      return { stop: () => timer.stop() };
    };
    return { after, every };
  }

  /** What can happen next, held lanes included, the earliest first. */
  moves(): Move[] {
    const moves: Move[] = [];
    for (const [lane, { first }] of this.#lanes) {
      if (first !== undefined && first.dueMs !== Number.POSITIVE_INFINITY) {
        moves.push({ lane, about: first.about, dueMs: first.dueMs });
      }
    }
    return moves.toSorted((a, b) => a.dueMs - b.dueMs);
  }

  /** Lets the next thing in a lane happen. @throws RangeError if nothing can happen there */
  take(name: string): void {
    const lane = this.#lanes.get(name);
    const first = lane?.first;
    if (first === undefined || first.dueMs === Number.POSITIVE_INFINITY) {
      const open = this.moves().map(({ lane: one }) => one);
      throw new RangeError(`nothing can happen next in "${name}", only in: ${open.join(", ") || "no place"}`);
    }
    this.#run(lane!);
  }

  /** Lets the earliest thing happen, if it is due by `untilMs`. @returns whether there was one */
  step(untilMs: number = Number.POSITIVE_INFINITY): boolean {
    let next: Lane | undefined;
    let dueMs = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes.values()) {
      if (lane.isHeld || lane.first === undefined || lane.first.dueMs >= dueMs) continue;
      dueMs = lane.first.dueMs;
      next = lane;
    }
    if (next === undefined || dueMs > untilMs) return false;
    this.#run(next);
    return true;
  }

  /** Lets everything happen that is due by then. */
  runUntil(untilMs: number): void {
    while (this.step(untilMs));
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  #run(lane: Lane): void {
    const { dueMs, act } = lane.shift()!;
    this.nowMs = Math.max(this.nowMs, dueMs);
    this.#steps++;
    act();
  }
}
