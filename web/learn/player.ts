import { batch, type Signal, signal } from "@preact/signals";
import type { Clock } from "../../src/lib/clock.ts";
import type { PlayBiography } from "../play/biography.ts";
import type { CurvePoint } from "../play/curve.ts";
import type { FromPlayWorker, ToPlayWorker } from "../play/messages.ts";
import type { PlayView } from "../play/play-view.ts";
import { type PlaySettings, readHash, SPEEDS, type Speed, writeHash } from "../play/settings.ts";

/** A worker that runs web/play/worker.ts. */
export interface PlayWorker {
  send(message: ToPlayWorker): void;
  onMessage(receive: (message: FromPlayWorker) => void): void;
}

/** What the player needs of its browser. */
export interface PlayerHost {
  openWorker(): PlayWorker;
  readonly clock: Clock;
  /** Calls back before the next frame is drawn. */
  nextFrame(draw: () => void): void;
  /** Shows the settings in the address. */
  showHash(hash: string): void;
}

/** A look at an entry. */
export interface OpenWhy {
  readonly cache: number;
  readonly object: number;
  /** undefined until it has come. */
  readonly biography: PlayBiography | undefined;
}

export interface CurveState {
  readonly points: readonly CurvePoint[];
  /** The share of the points that are there. */
  readonly share: number;
}

/** What the page draws: a position, and how it came to it. */
export interface Shown {
  readonly view: PlayView;
  /** The position before, if this one follows it by one request; else nothing moves. */
  readonly before: PlayView | undefined;
  /** Counts what was shown. */
  readonly step: number;
}

/** Up to this speed each step is told in words. */
const TOLD_SPEED = 10;
/** How long the worker replays before it shows where it is. */
const SLICE_MS = 12;
/** After a longer pause between frames the time in between does not count: the page was not visible. */
const LONGEST_FRAME_MS = 500;
const ADDRESS_EVERY_MS = 1000;
/** The first look: from a moment at which the caches are full, three seconds at the default speed. */
const INTRODUCED_AT = 96;
const INTRODUCED = 9;

/** Plays the requests: asks the worker for positions, one at a time, and draws once a frame. */
export class Player {
  readonly settings: Signal<PlaySettings>;
  /** What was wrong with the address or with a field. */
  readonly problems: Signal<readonly string[]>;
  readonly shown: Signal<Shown | undefined> = signal(undefined);
  readonly isPlaying: Signal<boolean> = signal(false);
  readonly curve: Signal<CurveState> = signal({ points: [], share: 0 });
  readonly why: Signal<OpenWhy | undefined> = signal(undefined);
  readonly #host: PlayerHost;
  readonly #worker: PlayWorker;
  readonly #curveWorker: PlayWorker;
  /** Of what the curve is. */
  #curveOf = "";
  /** Whether an answer is awaited, and the question that is asked after it. */
  #isAsked = false;
  #wanted: ToPlayWorker | undefined;
  /** The position that was asked for last. */
  #target: number | undefined;
  #latest: PlayView | undefined;
  #isDrawing = false;
  #frameMs = 0;
  /** Where playing has come to, in requests; a fraction at slow speeds. */
  #due = 0;
  #addressMs = 0;
  /** Where playing ends. */
  #stopAt = Number.POSITIVE_INFINITY;
  /** Whether it is to play once there is something to show. */
  #isIntroducing = false;

  constructor(host: PlayerHost, hash: string) {
    const { settings, problems } = readHash(hash);
    this.#host = host;
    this.settings = signal(settings);
    this.problems = signal(problems);
    this.#worker = host.openWorker();
    this.#worker.onMessage((message) => this.#receive(message));
    this.#curveWorker = host.openWorker();
    this.#curveWorker.onMessage((message) => {
      if (message.kind === "points") this.#addPoints(message);
    });
    this.#open();
  }

  /** The position that is shown. */
  get at(): number {
    return this.shown.peek()?.view.at ?? this.settings.peek().at;
  }

  /** Reads another address. */
  read(hash: string): void {
    if (hash === writeHash({ ...this.settings.peek(), at: this.at })) return;
    const { settings, problems } = readHash(hash);
    this.problems.value = problems;
    this.pause();
    this.settings.value = settings;
    this.#open();
  }

  /** Changes what is shown; the position stays unless it is given. */
  change(part: Partial<PlaySettings>): void {
    batch(() => {
      this.problems.value = [];
      this.settings.value = { ...this.settings.peek(), at: this.at, ...part };
      this.why.value = undefined;
    });
    this.#open();
  }

  setSpeed(speed: Speed): void {
    this.settings.value = { ...this.settings.peek(), speed };
    this.#showAddress();
  }

  /** One speed up or down. */
  shiftSpeed(by: 1 | -1): void {
    const to = SPEEDS[SPEEDS.indexOf(this.settings.peek().speed) + by];
    if (to !== undefined) this.setSpeed(to);
  }

  /** Shows a reader that comes for the first time what it is about: some requests, and then it waits. */
  introduce(isStill: boolean): void {
    this.change({ at: INTRODUCED_AT });
    if (isStill) return;
    this.#stopAt = INTRODUCED_AT + INTRODUCED;
    this.#isIntroducing = true;
  }

  play(): void {
    const view = this.shown.peek()?.view;
    if (view === undefined || this.isPlaying.peek()) return;
    this.#due = view.at === view.count ? 0 : view.at;
    if (view.at === view.count) this.#ask({ kind: "seek", at: 0, isTold: true });
    if (!this.#isIntroducing) this.#stopAt = Number.POSITIVE_INFINITY;
    this.#isIntroducing = false;
    this.isPlaying.value = true;
    this.#frameMs = this.#host.clock.monotonicMs();
    this.#go();
  }

  pause(): void {
    if (!this.isPlaying.peek()) return;
    this.isPlaying.value = false;
    // Where it went fast, the last step has not been told.
    this.#ask({ kind: "seek", at: this.#latest?.at ?? this.at, isTold: true });
    this.#showAddress();
  }

  toggle(): void {
    if (this.isPlaying.peek()) this.pause();
    else this.play();
  }

  /** Goes to a position, and stays there. */
  seek(at: number): void {
    this.isPlaying.value = false;
    this.#ask({ kind: "seek", at, isTold: true });
  }

  step(by: number): void {
    const from = this.#isAsked && this.#target !== undefined ? this.#target : (this.#latest?.at ?? this.at);
    this.seek(Math.max(0, Math.min(from + by, this.#latest?.count ?? 0)));
  }

  /** Opens an entry's biography. */
  ask(cache: number, object: number): void {
    const open = this.why.peek();
    const isSame = open?.cache === cache && open.object === object;
    this.why.value = { cache, object, biography: isSame ? open.biography : undefined };
    this.#worker.send({ kind: "why", cache, object });
  }

  #open(): void {
    const settings = this.settings.peek();
    this.#ask({ kind: "open", settings });
    const { workload, seed, caches } = settings;
    const of = JSON.stringify([workload, seed, caches.map(({ policy, unit }) => [policy, unit])]);
    // Points of the same requests and policies hold for any size.
    const points = of === this.#curveOf ? this.curve.peek().points : [];
    this.#curveOf = of;
    this.curve.value = { points, share: 0 };
    const known = [...new Set(points.map(({ size }) => size))];
    this.#curveWorker.send({ kind: "curves", settings, known });
  }

  #addPoints({ points, share }: CurveState): void {
    const all = [...this.curve.peek().points, ...points];
    this.curve.value = { points: all.toSorted((a, b) => a.size - b.size), share };
  }

  /** Asks the worker, after the present answer has come. Of several questions the last one counts. */
  #ask(message: ToPlayWorker): void {
    this.#target = message.kind === "seek" ? message.at : undefined;
    if (this.#isAsked) {
      // Settings must be opened before anything is asked about them.
      if (this.#wanted?.kind === "open" && message.kind === "seek") {
        this.#wanted = { kind: "open", settings: { ...this.#wanted.settings, at: message.at } };
      } else if (this.#wanted?.kind !== "open" || message.kind === "open") {
        this.#wanted = message;
      }
      return;
    }
    this.#isAsked = true;
    this.#worker.send(message);
  }

  #receive(message: FromPlayWorker): void {
    if (message.kind === "why") {
      const { cache, object, biography } = message;
      const open = this.why.peek();
      if (open?.cache === cache && open.object === object) this.why.value = { cache, object, biography };
      return;
    }
    this.#isAsked = false;
    if (message.kind === "failed") {
      this.problems.value = [message.message];
      this.isPlaying.value = false;
    } else if (message.kind === "opened" || message.kind === "view") {
      this.#latest = message.view;
      this.#draw();
      const { at, count } = message.view;
      if (this.isPlaying.peek() && (at === count || at >= this.#stopAt)) {
        this.isPlaying.value = false;
        this.#showAddress();
      }
    }
    const wanted = this.#wanted;
    this.#wanted = undefined;
    if (wanted !== undefined) this.#ask(wanted);
    else if (this.isPlaying.peek() && this.settings.peek().speed === "max") this.#go();
  }

  /** Draws the latest view before the next frame, whatever number of them have come by then. */
  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    this.#host.nextFrame(() => {
      this.#isDrawing = false;
      const view = this.#latest!;
      const last = this.shown.peek();
      const isNext = last !== undefined && view.at === last.view.at + 1;
      this.shown.value = {
        view,
        before: isNext ? last.view : undefined,
        step: (last?.step ?? 0) + 1,
      };
      if (this.#isIntroducing && view.at === INTRODUCED_AT) this.play();
      const nowMs = this.#host.clock.monotonicMs();
      if (!this.isPlaying.peek() || nowMs - this.#addressMs > ADDRESS_EVERY_MS) this.#showAddress();
      const open = this.why.peek();
      if (open !== undefined && !this.isPlaying.peek()) this.ask(open.cache, open.object);
    });
  }

  /** Asks for the next position while it plays. */
  #go(): void {
    if (!this.isPlaying.peek()) return;
    const { speed } = this.settings.peek();
    if (speed === "max") {
      if (!this.#isAsked) this.#ask({ kind: "run", forMs: SLICE_MS });
      return;
    }
    this.#host.nextFrame(() => {
      if (!this.isPlaying.peek()) return;
      const nowMs = this.#host.clock.monotonicMs();
      const { speed: now } = this.settings.peek();
      const passedMs = Math.min(nowMs - this.#frameMs, LONGEST_FRAME_MS);
      this.#frameMs = nowMs;
      if (now !== "max") {
        const shown = this.#latest?.at ?? 0;
        // What the worker cannot keep up with is not made up for later.
        this.#due = Math.min(this.#due + (passedMs * now) / 1000, shown + Math.max(1.999, now / 4));
        const at = Math.floor(this.#due);
        if (at > shown && !this.#isAsked) this.#ask({ kind: "seek", at, isTold: now <= TOLD_SPEED });
      } else this.#due = this.#latest?.at ?? 0;
      this.#go();
    });
  }

  #showAddress(): void {
    this.#addressMs = this.#host.clock.monotonicMs();
    this.#host.showHash(writeHash({ ...this.settings.peek(), at: this.#latest?.at ?? this.at }));
  }
}
