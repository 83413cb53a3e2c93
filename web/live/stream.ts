import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Clock } from "../../src/lib/clock.ts";
import { applyPatch, type Json } from "./apply-patch.ts";
import type { Reading } from "./sections.ts";

/** How the page hears from the service. Times are Unix milliseconds, by the browser's clock. */
export type Link =
  | { readonly state: "connecting"; readonly sinceMs: number }
  | { readonly state: "live"; readonly sinceMs: number }
  | { readonly state: "lost"; readonly sinceMs: number; readonly retryAtMs: number }
  /** A saved page: the moment it was saved. */
  | { readonly state: "saved"; readonly sinceMs: number };

/** Delays between attempts to connect; the last one is repeated. */
const RETRY_MS = [500, 1000, 2000, 5000];
/** The service sends a figure or a comment at least every five seconds; after this silence it counts as lost. */
const SILENCE_MS = 12_000;

/** Follows `/api/stream`, and connects again when it breaks. */
export class LiveStream {
  readonly #hear: (reading: Reading) => void;
  #reading: Reading | undefined;
  readonly #clock: Clock;
  readonly #link: Signal<Link>;
  #source: EventSource | undefined;
  #attempts = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heardMs = 0;

  /** @param hear is told every state, four times a second */
  constructor(clock: Clock, hear: (reading: Reading) => void) {
    this.#hear = hear;
    this.#clock = clock;
    this.#link = signal<Link>({ state: "connecting", sinceMs: clock.wallMs() });
  }

  get link(): ReadonlySignal<Link> {
    return this.#link;
  }

  open(): void {
    this.#connect();
    // A browser allows six connections to a host; a page that is left gives its own back.
    addEventListener("pagehide", () => this.#disconnect());
    addEventListener("pageshow", (event) => {
      if ((event as PageTransitionEvent).persisted) this.#connect();
    });
    setInterval(() => {
      if (this.#link.value.state === "live" && this.#clock.wallMs() - this.#heardMs > SILENCE_MS)
        this.#lost();
    }, 1000);
  }

  /** Tries at once instead of at the next moment planned. */
  retry(): void {
    if (this.#link.value.state === "lost") this.#connect();
  }

  #connect(): void {
    this.#disconnect();
    const source = new EventSource("/api/stream");
    this.#source = source;
    source.addEventListener("snapshot", ({ data }) => this.#heard(JSON.parse(data) as Reading));
    source.addEventListener("delta", ({ data }) => {
      const before = this.#reading;
      if (before === undefined) return;
      const delta = JSON.parse(data) as { number: number; atMs: number; sections: Json };
      // A gap cannot happen on one connection; a new one begins with a snapshot.
      if (delta.number !== before.number + 1) return this.#connect();
      const sections = applyPatch(before.sections as unknown as Json, delta.sections) ?? {};
      this.#heard({
        ...before,
        number: delta.number,
        atMs: delta.atMs,
        sections: sections as Reading["sections"],
      });
    });
    source.addEventListener("error", () => this.#lost());
  }

  #heard(reading: Reading): void {
    this.#heardMs = this.#clock.wallMs();
    this.#attempts = 0;
    this.#reading = reading;
    this.#hear(reading);
    if (this.#link.value.state !== "live")
      this.#link.value = { state: "live", sinceMs: this.#clock.wallMs() };
  }

  #lost(): void {
    this.#disconnect();
    const delayMs = RETRY_MS[Math.min(this.#attempts++, RETRY_MS.length - 1)]!;
    const { state, sinceMs } = this.#link.value;
    const now = this.#clock.wallMs();
    this.#link.value = { state: "lost", sinceMs: state === "lost" ? sinceMs : now, retryAtMs: now + delayMs };
    this.#timer = setTimeout(() => this.#connect(), delayMs);
  }

  #disconnect(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }
}
