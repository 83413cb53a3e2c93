import { type Signal, signal } from "@preact/signals";
import type { QueuesReport } from "../../src/instruments/view.ts";
import { type Api, problemText } from "../live/api.ts";
import { type Change, changesBetween } from "../queues/changes.ts";

/** The latest reading of the queues, and what has happened since the one before it. */
export interface QueueState {
  readonly report: QueuesReport;
  readonly changes: readonly Change[];
  /** Counts readings. */
  readonly step: number;
}

/** Reads the queues of one shard, step by step. */
export class QueueFeed {
  readonly state: Signal<QueueState | undefined> = signal(undefined);
  readonly problem: Signal<string> = signal("");
  readonly #api: Api;
  #isAsking = false;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Reads the queues once. Does nothing while an answer is awaited. */
  async step(shard: number): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const report = await this.#api.get<QueuesReport>(`/api/queues?shard=${shard}`);
      const before = this.state.value;
      const changes = before === undefined ? [] : changesBetween(before.report, report);
      this.state.value = { report, changes, step: (before?.step ?? 0) + 1 };
      this.problem.value = "";
    } catch (error) {
      this.problem.value = problemText(error);
    } finally {
      this.#isAsking = false;
    }
  }
}
