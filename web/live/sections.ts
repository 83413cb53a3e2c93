import type {
  ChannelsReport,
  FamiliesReport,
  HealthReport,
  HotBy,
  HotKeysReport,
  SlowRequestsReport,
  WatchReport,
  WhatIfReport,
} from "../../src/instruments/view.ts";

/** A histogram as the stream tells it: cumulative counts by upper bound in seconds. */
export interface CountedHistogram {
  readonly count: number;
  readonly sum: number;
  readonly buckets: Readonly<Record<string, number>>;
}

/** Figures by the name of their series, such as `glasscache_keys_read_total{result="hit"}`. */
export type Counters = Readonly<Record<string, number | CountedHistogram>>;

/** The sections of `/api/stream`: docs/ADMIN.md. */
interface Sections {
  readonly counters?: Counters;
  readonly health?: HealthReport;
  readonly hot?: Readonly<Record<HotBy, HotKeysReport>>;
  readonly families?: FamiliesReport;
  readonly whatIf?: WhatIfReport;
  readonly watch?: WatchReport;
  readonly channels?: ChannelsReport;
  readonly slow?: SlowRequestsReport;
  readonly settings?: Readonly<Record<string, { readonly value: string; readonly changeable: boolean }>>;
}

/** A state of the service: all sections, as of one moment. */
export interface Reading {
  readonly number: number;
  /** Unix milliseconds, by the service's clock. */
  readonly atMs: number;
  readonly service: "proxy" | "server";
  readonly sections: Sections;
}
