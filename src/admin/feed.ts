import type { InstrumentsView } from "../instruments/view.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { type Json, mergePatch } from "./merge-patch.ts";
import { SECTIONS, type Section } from "./stream-sections.ts";

/**
 * What all streams tell: the present state, and the change that led to it. Both have the same number. Each is made
 * once for all clients, as the bytes of a server-sent event.
 */
export class Feed {
  readonly #view: InstrumentsView;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #present = new Map<string, Json>();
  readonly #failed = new Set<string>();
  #number = 0;
  #atMs = 0;
  #snapshot: Uint8Array | undefined;
  #delta: Uint8Array | undefined;

  constructor(view: InstrumentsView, clock: Clock, log: Log) {
    this.#view = view;
    this.#clock = clock;
    this.#log = log;
  }

  /** The number of the present state. */
  get number(): number {
    return this.#number;
  }

  /** The present state as an event. */
  get snapshot(): Uint8Array {
    this.#snapshot ??= event("snapshot", this.#number, {
      number: this.#number,
      atMs: this.#atMs,
      service: this.#view.service,
      sections: Object.fromEntries(this.#present),
    });
    return this.#snapshot;
  }

  /** The change from the state before this one, as an event; undefined before the first `advance`. */
  get delta(): Uint8Array | undefined {
    return this.#delta;
  }

  /**
   * Asks the instruments. @returns whether there is a new state
   * @param isFast asks only for the sections that change fast
   */
  advance(isFast: boolean): boolean {
    const patches: [string, Json][] = [];
    for (const section of SECTIONS) {
      if (isFast && !section.isFast) continue;
      const patch = this.#update(section);
      if (patch !== undefined) patches.push([section.name, patch]);
    }
    if (patches.length === 0 && this.#number > 0) return false;
    this.#number++;
    this.#atMs = this.#clock.wallMs();
    this.#snapshot = undefined;
    this.#delta = event("delta", this.#number, {
      number: this.#number,
      atMs: this.#atMs,
      sections: Object.fromEntries(patches),
    });
    return true;
  }

  /** @returns the patch of a section; undefined if nothing changed */
  #update(section: Section): Json | undefined {
    const { name } = section;
    const now = this.#ask(section);
    const before = this.#present.get(name);
    if (now === undefined) return this.#present.delete(name) ? null : undefined;
    this.#present.set(name, now);
    return mergePatch(before, now);
  }

  /** A section that fails stays as it was, and the others go on. */
  #ask(section: Section): Json | undefined {
    const { name } = section;
    try {
      const json = section.tell(this.#view);
      this.#failed.delete(name);
      return json;
    } catch (error) {
      if (!this.#failed.has(name)) this.#log.error({ err: error }, `the stream's section ${name} failed`);
      this.#failed.add(name);
      return this.#present.get(name);
    }
  }
}

function event(name: string, id: number, data: unknown): Uint8Array {
  return new TextEncoder().encode(`event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
}
