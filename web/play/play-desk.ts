import type { Clock } from "../../src/lib/clock.ts";
import { biographyOf } from "./biography.ts";
import { type CurvePoint, curvePoint, curveSizes, OPTIMA } from "./curve.ts";
import { type ReadFile, readFile } from "./file-requests.ts";
import type { FromPlayWorker, ToPlayWorker } from "./messages.ts";
import { viewOf } from "./play-view.ts";
import { openRequests } from "./requests.ts";
import { Run } from "./run.ts";
import type { PlaySettings } from "./settings.ts";
import { timed } from "./timed-requests.ts";

/** Requests between two looks at the clock. */
const STRIDE = 2048;
/** How long it replays before it lets messages in. */
const SLICE_MS = 4;
/** The progress of reading is told when it has grown by so much. */
const TOLD_SHARE = 0.01;

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
  #isRunning = false;
  /** Whether the page waits to hear where the run is. */
  #isAsked = false;

  /** @param pause lets messages in that have come meanwhile */
  constructor(clock: Clock, pause: () => Promise<void>, answer: (message: FromPlayWorker) => void) {
    this.#clock = clock;
    this.#pause = pause;
    this.#answer = answer;
  }

  async receive(message: ToPlayWorker): Promise<void> {
    try {
      if (message.kind === "open") await this.#open(message.settings, message.file);
      else if (message.kind === "curves") await this.#curves(message);
      else if (message.kind === "hold") this.#holdCurves(message.isHeld);
      else if (this.#run !== undefined) await this.#play(this.#run, message);
      else this.#answer({ kind: "nothing" });
    } catch (error) {
      this.#answer({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  }

  async #open(settings: PlaySettings, file: Blob | undefined): Promise<void> {
    // The memory of the run before is free by then.
    this.#run = undefined;
    this.#isRunning = false;
    const { requests, notes } = await this.#requestsOf(settings, file);
    const run = new Run(requests, settings.caches, settings.conditions);
    run.seekTold(settings.at);
    this.#run = run;
    const { objects, hasSizes, records, reads } = requests.workingSet;
    const { hasTimes } = requests;
    const facts = { objects, hasSizes, hasTimes, hasWrites: reads < records, notes };
    this.#answer({ kind: "opened", view: viewOf(run, true), ...facts });
  }

  async #play(
    run: Run,
    message: Exclude<ToPlayWorker, { readonly kind: "open" | "curves" | "hold" }>,
  ): Promise<void> {
    switch (message.kind) {
      case "seek":
        this.#isRunning = false;
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
        );
        this.#answer({ kind: "why", cache, object, biography });
        break;
      }
    }
  }

  /** Makes a view only when the page has drawn the one before. */
  async #runOn(run: Run): Promise<void> {
    this.#isRunning = true;
    while (this.#isRunning && this.#run === run) {
      const end = this.#clock.monotonicMs() + SLICE_MS;
      do run.seek(run.at + STRIDE);
      while (run.at < run.requests.count && this.#clock.monotonicMs() < end);
      const isOver = run.at === run.requests.count;
      if (this.#isAsked) this.#answer({ kind: "view", view: viewOf(run, isOver) });
      this.#isAsked = false;
      if (isOver) this.#isRunning = false;
      else await this.#pause();
    }
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
  async #curves({ settings, known, file }: ToPlayWorker & { readonly kind: "curves" }): Promise<void> {
    const asked = ++this.#curvesAsked;
    const { conditions } = settings;
    const requests = timed((await this.#requestsOf(settings, file)).requests, conditions);
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
        if (asked !== this.#curvesAsked) return;
        points.push(curvePoint(requests, policy, size, unit, conditions));
      }
      this.#answer({ kind: "points", points, share: (done + 1) / ordered.length });
    }
  }
}
