import type { Clock } from "../../src/lib/clock.ts";
import { biographyOf } from "./biography.ts";
import { type CurvePoint, curvePoint, curveSizes, OPTIMA } from "./curve.ts";
import { type Decisions, WRITTEN } from "./decider.ts";
import { type ReadFile, readFile } from "./file-requests.ts";
import type { FromPlayWorker, ToPlayWorker } from "./messages.ts";
import { TILES_LIMIT, viewOf } from "./play-view.ts";
import { openRequests, type Requests } from "./requests.ts";
import { Run } from "./run.ts";
import { SandboxLine } from "./sandbox-line.ts";
import type { PlayCache, PlaySettings } from "./settings.ts";
import { timed } from "./timed-requests.ts";
import { type Asked, isWrittenRun, type WrittenReport, WrittenRuns } from "./written-runs.ts";

/** Requests between two looks at the clock. */
const STRIDE = 2048;
/** How long it replays before it lets messages in. */
const SLICE_MS = 4;
/** The progress of reading is told when it has grown by so much. */
const TOLD_SHARE = 0.01;
/** The progress of a written policy is told so often. */
const TOLD_MS = 100;

/** Answers the page's messages: all that runs in the worker, without the worker. */
export class PlayDesk {
  readonly #clock: Clock;
  readonly #answer: (message: FromPlayWorker) => void;
  readonly #pause: () => Promise<void>;
  #run: Run | undefined;
  /** The latest requests; settings of caches change more often than these. */
  #requests: { readonly of: string; readonly made: Promise<ReadFile> } | undefined;
  /** Counts questions about curves. */
  #curvesAsked = 0;
  /** Where curves wait. */
  #hold: PromiseWithResolvers<void> | undefined;
  readonly #sandbox: SandboxLine;
  readonly #written: WrittenRuns;
  /** Of each cache of the run whose policy was written in the page. */
  #decisions: readonly (Decisions | undefined)[] = [];
  #isRunning = false;
  /** Counts the times that a run began. */
  #turn = 0;
  /** Whether the page waits to hear where the run is. */
  #isAsked = false;

  /** @param pause lets messages in that have come meanwhile */
  constructor(clock: Clock, pause: () => Promise<void>, answer: (message: FromPlayWorker) => void) {
    this.#clock = clock;
    this.#pause = pause;
    this.#answer = answer;
    this.#sandbox = new SandboxLine((number, question) => answer({ kind: "ask", number, question }));
    this.#written = new WrittenRuns((question) => this.#sandbox.ask(question), clock);
  }

  async receive(message: ToPlayWorker): Promise<void> {
    try {
      if (message.kind === "open") await this.#open(message);
      else if (message.kind === "answered") this.#sandbox.answered(message.number, message.answer);
      else if (message.kind === "curves") await this.#curves(message);
      else if (message.kind === "hold") this.#holdCurves(message.isHeld);
      else if (this.#run !== undefined) await this.#play(this.#run, message);
      else this.#answer({ kind: "nothing" });
    } catch (error) {
      this.#answer({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  }

  async #open({ settings, file, code }: ToPlayWorker & { readonly kind: "open" }): Promise<void> {
    // The memory of the run before is free by then.
    this.#run = undefined;
    this.#isRunning = false;
    const { requests, notes } = await this.#requestsOf(settings, file);
    const { decisions, report } = await this.#decide(settings, requests, code);
    const run = new Run(requests, settings.caches, settings.conditions, decisions);
    this.#decisions = decisions;
    await this.#lookInto(run, settings.at);
    run.seekTold(settings.at);
    this.#run = run;
    const { objects, hasSizes, records, reads } = requests.workingSet;
    const { hasTimes } = requests;
    const facts = { objects, hasSizes, hasTimes, hasWrites: reads < records, notes, written: report };
    this.#answer({ kind: "opened", view: viewOf(run, true), ...facts });
  }

  async #play(
    run: Run,
    message: Exclude<ToPlayWorker, { readonly kind: "open" | "curves" | "hold" | "answered" }>,
  ): Promise<void> {
    switch (message.kind) {
      case "seek":
        this.#isRunning = false;
        await this.#lookInto(run, message.at);
        if (message.isTold) run.seekTold(message.at);
        else run.seek(message.at);
        this.#answer({ kind: "view", view: viewOf(run, message.isTold) });
        break;
      case "run":
        this.#isAsked = true;
        if (!this.#isRunning) await this.#runOn(run);
        break;
      case "why": {
        const { cache, object } = message;
        const biography = biographyOf(
          run.caches[cache]!.settings,
          run.requests,
          object,
          run.at,
          run.conditions,
          run.caches[cache]!.decider,
        );
        this.#answer({ kind: "why", cache, object, biography });
        break;
      }
    }
  }

  /** Makes a view only when the page has drawn the one before. */
  async #runOn(run: Run): Promise<void> {
    const turn = ++this.#turn;
    const isOn = (): boolean => this.#isRunning && this.#turn === turn && this.#run === run;
    this.#isRunning = true;
    while (isOn()) {
      const end = this.#clock.monotonicMs() + SLICE_MS;
      do run.seek(run.at + STRIDE);
      while (run.at < run.requests.count && this.#clock.monotonicMs() < end);
      const isOver = run.at === run.requests.count;
      if (this.#isAsked) {
        if (this.#hasWritten) await this.#lookInto(run, run.at);
        // Meanwhile it may have been asked to go elsewhere.
        if (!isOn()) return;
        this.#answer({ kind: "view", view: viewOf(run, isOver) });
      }
      this.#isAsked = false;
      if (isOver) this.#isRunning = false;
      else await this.#pause();
    }
  }

  /** Has the policy that is written in the page decide, in each cache that has it. */
  async #decide(settings: PlaySettings, requests: Requests, code: string | undefined) {
    const decisions: (Decisions | undefined)[] = settings.caches.map(() => undefined);
    if (code === undefined || settings.caches.every(({ policy }) => policy !== WRITTEN)) {
      return { decisions, report: undefined };
    }
    const { fault: trial, isHopeless } = await this.#written.load(code);
    if (isHopeless) return { decisions, report: { trial, run: undefined } };
    const asked = this.#askedOf(settings, requests);
    let run: WrittenReport["run"];
    for (const [i, cache] of settings.caches.entries()) {
      if (cache.policy !== WRITTEN) continue;
      let toldMs = this.#clock.monotonicMs();
      const decided = await this.#written.run(String(i), cache, asked, (share) => {
        if (this.#clock.monotonicMs() - toldMs < TOLD_MS) return;
        toldMs = this.#clock.monotonicMs();
        this.#answer({ kind: "deciding", share });
      });
      decisions[i] = decided;
      const { fault } = decided;
      if (fault === undefined || run !== undefined) continue;
      const key = fault.at < requests.count ? requests.nameOf(requests.batch.objects[fault.at]!) : undefined;
      run = { ...fault, key };
    }
    const report: WrittenReport = { trial, run };
    return { decisions, report };
  }

  #askedOf({ workload, seed, conditions }: PlaySettings, requests: Requests): Asked {
    const of = JSON.stringify([workload, seed, this.#requests?.of, conditions]);
    return { requests: timed(requests, conditions), conditions, of };
  }

  /** Learns what written policies show at a position, for caches whose entries are shown one by one. */
  async #lookInto(run: Run, at: number): Promise<void> {
    const position = Math.max(0, Math.min(at, run.requests.count));
    for (const [i, decisions] of this.#decisions.entries()) {
      const { unit, size } = run.caches[i]!.settings;
      if (!isWrittenRun(decisions) || (unit === "entries" && size > TILES_LIMIT)) continue;
      await this.#written.show(decisions, position);
    }
  }

  get #hasWritten(): boolean {
    return this.#decisions.some((decisions) => decisions !== undefined);
  }

  #holdCurves(isHeld: boolean): void {
    if (isHeld) this.#hold ??= Promise.withResolvers();
    else {
      this.#hold?.resolve();
      this.#hold = undefined;
    }
  }

  /** Returns the settings' requests, from before if they are the same. */
  #requestsOf({ workload, seed }: PlaySettings, file: Blob | undefined): Promise<ReadFile> {
    const marks = file instanceof File ? [file.name, file.size, file.lastModified] : [file?.size];
    const of = JSON.stringify([workload, seed, marks]);
    if (this.#requests?.of !== of) {
      // The memory of those before is free by then.
      this.#requests = undefined;
      this.#requests = { of, made: this.#read(workload, seed, file) };
      this.#requests.made.catch(() => {
        this.#requests = undefined;
      });
    }
    return this.#requests.made;
  }

  async #read(workload: PlaySettings["workload"], seed: number, file: Blob | undefined): Promise<ReadFile> {
    if (workload.kind === "generated" || workload.kind === "typed") {
      return { requests: await openRequests({ workload, seed }), notes: [] };
    }
    if (file === undefined) throw new Error(`${workload.name} has not been given to the page`);
    let told = 0;
    return readFile({ ...workload, blob: file }, (share) => {
      if (share - told < TOLD_SHARE) return;
      told = share;
      this.#answer({ kind: "reading", share });
    });
  }

  /** The sizes in use come first, then the others from small to large. */
  async #curves({ settings, known, file, code }: ToPlayWorker & { readonly kind: "curves" }): Promise<void> {
    const number = ++this.#curvesAsked;
    const { conditions } = settings;
    const untimed = (await this.#requestsOf(settings, file)).requests;
    const asked = this.#askedOf(settings, untimed);
    const { requests } = asked;
    const { unit } = settings.caches[0]!;
    const own = settings.caches.map(({ size }) => size);
    const sizes = curveSizes(requests, unit, own);
    const policies = [...new Set([...settings.caches.map(({ policy }) => policy), OPTIMA[unit]])];
    const ordered = [...new Set([...own, ...sizes])].filter((size) => !known.includes(size));
    if (ordered.length === 0) this.#answer({ kind: "points", points: [], share: 1 });
    for (const [done, size] of ordered.entries()) {
      const points: CurvePoint[] = [];
      for (const policy of policies) {
        await this.#pause();
        await this.#hold?.promise;
        if (number !== this.#curvesAsked) return;
        const point =
          policy === WRITTEN
            ? await this.#writtenPoint({ policy, size, unit }, asked, code)
            : curvePoint(requests, policy, size, unit, conditions);
        if (number !== this.#curvesAsked) return;
        if (point !== undefined) points.push(point);
      }
      this.#answer({ kind: "points", points, share: (done + 1) / ordered.length });
    }
  }

  /** Nothing if the policy that is written in the page may not run, or breaks a rule. */
  async #writtenPoint(
    cache: PlayCache,
    asked: Asked,
    code: string | undefined,
  ): Promise<CurvePoint | undefined> {
    if (code === undefined || (await this.#written.load(code)).fault !== undefined) return undefined;
    return this.#written.point(cache, asked);
  }
}
