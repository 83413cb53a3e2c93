import type {
  BiographyReport,
  FamiliesReport,
  HealthReport,
  HistoryReport,
  HotBy,
  HotKeysReport,
  Metric,
  ToldSetting,
  WhatIfReport,
} from "../../instruments/view.ts";

/** What `glasscache top` reads from an admin port at one moment; docs/ADMIN.md describes the parts. */
export interface Readings {
  readonly counters: CountersReport;
  readonly health: HealthReport;
  readonly settings: readonly ToldSetting[];
  /** The last ten seconds, by the second. */
  readonly recent: HistoryReport;
  /** The last ten minutes, in steps of ten seconds. */
  readonly past: HistoryReport;
  /** null: nothing is simulated; undefined: not asked for. */
  readonly whatIf?: WhatIfReport | null;
  readonly hot: Readonly<Partial<Record<HotBy, HotKeysReport>>>;
  readonly families?: FamiliesReport;
  readonly biography?: {
    /** The key that was asked for. */
    readonly asked: string;
    readonly report: BiographyReport;
  };
}

export interface CountersReport {
  readonly atMs: number;
  readonly service: "proxy" | "server";
  readonly metrics: readonly Metric[];
}

/** The parts to ask for besides those that every screen needs. */
export interface Wanted {
  readonly whatIf: boolean;
  readonly hot: readonly HotBy[];
  readonly families: boolean;
  /** A key. */
  readonly biography?: string | undefined;
}

/** Reads from an admin port. */
export interface Reader {
  /** @throws NoAnswer, or FailedError if asking again would not help */
  read(wanted: Wanted, signal?: AbortSignal): Promise<Readings>;
}

/** The admin port does not answer now, but may do so later. */
export class NoAnswer extends Error {
  override name = "NoAnswer";
}
