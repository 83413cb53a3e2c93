import { batch, effect, type Signal, signal } from "@preact/signals";
import type { PlayBiography } from "../play/biography.ts";
import type { CurvePoint } from "../play/curve.ts";
import { WRITTEN } from "../play/decider.ts";
import type { FromPlayWorker } from "../play/messages.ts";
import type { PlayView } from "../play/play-view.ts";
import { AS_DETECTED } from "../play/reading.ts";
import {
  CACHES_LIMIT,
  fileWorkload,
  type PlaySettings,
  type RecordedWorkload,
  readHash,
  SPEEDS,
  type Speed,
  type Workload,
  writeHash,
} from "../play/settings.ts";
import type { PlayerHost, PlayWorker } from "./player-host.ts";
import { type Answer, type Question, QuestionLine } from "./question-line.ts";
import { SandboxDoor } from "./sandbox-door.ts";
import { TraceShelf } from "./trace-shelf.ts";
import { WrittenCode } from "./written-code.ts";

/** What the page has of the requests. */
export interface Source {
  /** `missing`: a file that the address names, and that the page has not been given. `failed`: `problems` says why. */
  readonly state: "reading" | "ready" | "missing" | "failed";
  /** The share of a file that has been read. */
  readonly share: number;
  /** How it was read. */
  readonly notes: readonly string[];
  readonly hasTimes: boolean;
  readonly hasWrites: boolean;
}

const READING: Source = { state: "reading", share: 0, notes: [], hasTimes: false, hasWrites: false };

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
/** As fast as it goes, nobody can follow each frame: every third one is drawn, which leaves the processor to the run. */
const DRAWN_EVERY_MS = 45;
const SHOWN_EVERY_MS = 250;
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
  /**
   * The latest view, for fields of entries. As fast as it goes, `shown` changes a few times a second, for nobody can
   * read more; a field needs no layout, so it can follow.
   */
  readonly latest: Signal<PlayView | undefined> = signal(undefined);
  readonly isPlaying: Signal<boolean> = signal(false);
  readonly curve: Signal<CurveState> = signal({ points: [], share: 0 });
  readonly why: Signal<OpenWhy | undefined> = signal(undefined);
  readonly source: Signal<Source> = signal(READING);
  /** The policy that is written in the page. */
  readonly written: WrittenCode;
  readonly #host: PlayerHost;
  readonly #worker: PlayWorker;
  readonly #curveWorker: PlayWorker;
  readonly #door: SandboxDoor;
  readonly #traces: TraceShelf;
  /** Of what the curve is. */
  #curveOf = "";
  readonly #line: QuestionLine;
  /** The requests that the worker was asked to open last. */
  #openedFor: Workload | undefined;
  #latest: PlayView | undefined;
  #isDrawing = false;
  #frameMs = 0;
  /** When the run was asked last where it is. */
  #askedMs = Number.NEGATIVE_INFINITY;
  #shownMs = 0;
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
    this.#traces = new TraceShelf((name) => host.loadTrace(name));
    this.settings = signal(settings);
    this.problems = signal(problems);
    this.#worker = host.openWorker();
    this.#line = new QuestionLine((question) => this.#worker.send(question));
    this.#door = new SandboxDoor((code) => host.openSandbox(code), this.#worker);
    this.#worker.onMessage((message) => this.#receive(message));
    this.#curveWorker = host.openWorker();
    const curveDoor = new SandboxDoor((code) => host.openSandbox(code), this.#curveWorker);
    this.#curveWorker.onMessage((message) => {
      if (message.kind === "ask") void curveDoor.take(message);
      else if (message.kind === "points") this.#addPoints(message);
    });
    this.written = new WrittenCode((code) => this.#keepCode(code));
    this.#readCode();
    // The processor belongs to the run while that goes as fast as it can.
    effect(() => {
      const isHeld = this.isPlaying.value && this.settings.value.speed === "max";
      this.#curveWorker.send({ kind: "hold", isHeld });
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
    this.#readCode();
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

  /** Takes a file of the reader's as the requests. */
  openFile(file: File): void {
    this.pause();
    this.#traces.take(file);
    const { workload } = this.settings.peek();
    // The address is about this file: it stands where that says.
    const isMissed =
      this.source.peek().state === "missing" && "name" in workload && workload.name === file.name;
    if (isMissed) this.change({});
    else this.change({ workload: fileWorkload(file.name, AS_DETECTED), at: 0 });
  }

  /** Changes what is shown as a field says, or tells what is wrong with it. */
  tryChange(read: () => Partial<PlaySettings>): void {
    try {
      this.change(read());
    } catch (error) {
      this.problems.value = [`${(error as Error).message}.`];
    }
  }

  /** Runs what the editor has, in the caches that have it; one is added if there is none. */
  async runWritten(): Promise<void> {
    const code = await this.written.run();
    if (code === undefined) return;
    const { caches } = this.settings.peek();
    const hasIt = caches.some(({ policy }) => policy === WRITTEN);
    const kept = caches.length < CACHES_LIMIT ? caches : caches.slice(0, -1);
    this.change({ code, caches: hasIt ? caches : [...kept, { ...kept.at(-1)!, policy: WRITTEN }] });
  }

  /** Gives a cache another policy. */
  async choosePolicy(index: number, policy: string): Promise<void> {
    const chosen = this.settings
      .peek()
      .caches.map((cache, i) => (i === index ? { ...cache, policy } : cache));
    const isToRun = policy === WRITTEN && this.written.isReady;
    const code = isToRun ? await this.written.run() : undefined;
    this.change({ caches: chosen, ...(code !== undefined && { code }) });
  }

  /** Keeps what the editor has in the address. */
  #keepCode(code: string | undefined): void {
    this.settings.value = { ...this.settings.peek(), code };
    this.#showAddress();
  }

  /** Shows the code of the address, if it is another than that of the editor. */
  #readCode(): void {
    void this.written.read(this.settings.peek().code).then((problem) => {
      if (problem !== undefined) this.problems.value = [...this.problems.peek(), problem];
    });
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
    if (view.at === view.count) this.#line.ask({ kind: "seek", at: 0, isTold: true });
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
    this.#line.ask({ kind: "seek", at: this.#latest?.at ?? this.at, isTold: true });
    this.#showAddress();
  }

  toggle(): void {
    if (this.isPlaying.peek()) this.pause();
    else this.play();
  }

  /** Goes to a position, and stays there. */
  seek(at: number): void {
    this.isPlaying.value = false;
    this.#line.ask({ kind: "seek", at, isTold: true });
  }

  step(by: number): void {
    const from = this.#line.target ?? this.#latest?.at ?? this.at;
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
    const { workload, seed, caches, conditions } = settings;
    const of = JSON.stringify([
      ...[workload, this.#traces.marksOf(workload), seed, conditions],
      caches.map(({ policy, unit }) => [policy, unit, policy === WRITTEN ? this.#code : ""]),
    ]);
    // Points of the same requests and policies hold for any size.
    const points = of === this.#curveOf ? this.curve.peek().points : [];
    this.#curveOf = of;
    this.curve.value = { points, share: 0 };
    if (this.#traces.isMissing(workload)) this.#showNothing("missing");
    else if (this.#traces.isToFetch(workload)) void this.#fetch(workload);
    else {
      this.#openedFor = workload;
      this.#line.ask({ kind: "open", settings, file: this.#traces.contentOf(workload), code: this.#code });
    }
  }

  /** The code that may run. */
  get #code(): string | undefined {
    return this.written.running.peek();
  }

  async #fetch(workload: RecordedWorkload): Promise<void> {
    this.#showNothing("reading");
    const isWanted = (): boolean => this.settings.peek().workload === workload;
    try {
      await this.#traces.fetch(workload.name);
      if (isWanted()) this.#open();
    } catch (error) {
      if (!isWanted()) return;
      this.problems.value = [(error as Error).message];
      this.#showNothing("failed");
    }
  }

  /** There is no position to show. */
  #showNothing(state: Source["state"]): void {
    batch(() => {
      this.isPlaying.value = false;
      this.why.value = undefined;
      this.shown.value = undefined;
      this.latest.value = undefined;
      this.#latest = undefined;
      this.written.share.value = undefined;
      this.source.value = { ...READING, state };
    });
    this.#showAddress();
  }

  #askCurves(): void {
    const settings = this.settings.peek();
    const known = [...new Set(this.curve.peek().points.map(({ size }) => size))];
    this.#curveWorker.send({
      kind: "curves",
      settings,
      known,
      file: this.#traces.contentOf(settings.workload),
      code: this.#code,
    });
  }

  #addPoints({ points, share }: CurveState): void {
    const all = [...this.curve.peek().points, ...points];
    this.curve.value = { points: all.toSorted((a, b) => a.size - b.size), share };
  }

  #receive(message: FromPlayWorker): void {
    switch (message.kind) {
      case "why": {
        const { cache, object, biography } = message;
        const open = this.why.peek();
        if (open?.cache === cache && open.object === object) this.why.value = { cache, object, biography };
        break;
      }
      case "reading":
        this.source.value = { ...READING, share: message.share };
        break;
      case "ask":
        void this.#door.take(message);
        break;
      case "deciding":
        this.written.share.value = message.share;
        break;
      case "points":
        break;
      default: {
        const asked = this.#line.answered();
        // The reader may have chosen requests meanwhile that have to be fetched, or given to the page.
        if (this.#openedFor === this.settings.peek().workload) this.#take(message, asked);
      }
    }
  }

  #take(answer: Answer, asked: Question | undefined): void {
    if (answer.kind === "nothing") return;
    if (answer.kind === "failed") {
      this.problems.value = [answer.message];
      this.written.share.value = undefined;
      if (asked?.kind === "open") this.#showNothing("failed");
      else this.isPlaying.value = false;
      return;
    }
    if (answer.kind === "opened") {
      const { notes, hasTimes, hasWrites } = answer;
      this.source.value = { state: "ready", share: 1, notes, hasTimes, hasWrites };
      this.written.report.value = answer.written;
      this.written.share.value = undefined;
      // Not before: both workers would read a file at once.
      if (this.#line.asked?.kind !== "open") this.#askCurves();
    }
    this.#latest = answer.view;
    this.#draw();
    const { at, count } = answer.view;
    if (this.isPlaying.peek() && (at === count || at >= this.#stopAt)) {
      this.isPlaying.value = false;
      this.#showAddress();
    }
  }

  /** Draws the latest view before the next frame, whatever number of them have come by then. */
  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    this.#host.nextFrame(() => {
      this.#isDrawing = false;
      const view = this.#latest;
      if (view === undefined) return;
      const last = this.shown.peek();
      const isNext = last !== undefined && view.at === last.view.at + 1;
      const nowMs = this.#host.clock.monotonicMs();
      const isFast = this.isPlaying.peek() && this.settings.peek().speed === "max";
      batch(() => {
        this.latest.value = view;
        if (isFast && nowMs - this.#shownMs < SHOWN_EVERY_MS) return;
        this.#shownMs = nowMs;
        this.shown.value = {
          view,
          before: isNext ? last.view : undefined,
          step: (last?.step ?? 0) + 1,
        };
      });
      if (this.#isIntroducing && view.at === INTRODUCED_AT) this.play();
      if (!this.isPlaying.peek() || nowMs - this.#addressMs > ADDRESS_EVERY_MS) this.#showAddress();
      const open = this.why.peek();
      if (open !== undefined && !this.isPlaying.peek()) this.ask(open.cache, open.object);
    });
  }

  /** Asks for the next position while it plays. */
  #go(): void {
    if (!this.isPlaying.peek()) return;
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
        if (at > shown && this.#line.asked === undefined)
          this.#line.ask({ kind: "seek", at, isTold: now <= TOLD_SPEED });
      } else {
        this.#due = this.#latest?.at ?? 0;
        if (this.#line.asked === undefined && nowMs - this.#askedMs >= DRAWN_EVERY_MS) {
          this.#askedMs = nowMs;
          this.#line.ask({ kind: "run" });
        }
      }
      this.#go();
    });
  }

  #showAddress(): void {
    this.#addressMs = this.#host.clock.monotonicMs();
    this.#host.showHash(writeHash({ ...this.settings.peek(), at: this.#latest?.at ?? this.at }));
  }
}
