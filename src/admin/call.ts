import type { InstrumentsView } from "../instruments/view.ts";
import type { Clock } from "../lib/clock.ts";
import type { Timers } from "../lib/timers.ts";
import type { Access, Grant } from "./access.ts";
import type { AdminLimits } from "./limits.ts";
import type { Page, PageName } from "./page.ts";
import type { Streams } from "./streams.ts";

/** What requests are answered from. */
export interface Desk {
  readonly view: InstrumentsView;
  readonly access: Access;
  readonly streams: Streams;
  /** Makes a page. */
  readonly page: (name: PageName) => Promise<Page>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: AdminLimits;
}

/** One request that may be answered. */
export interface Call {
  readonly request: Request;
  readonly query: URLSearchParams;
  /** What follows a route's path, percent-encoded; empty if the route is a whole path. */
  readonly rest: string;
  /** The client's address. */
  readonly address: string;
  /** undefined where no password is asked for. */
  readonly grant: Grant | undefined;
  readonly desk: Desk;
}

export type Method = "GET" | "POST" | "DELETE";
export type Handler = (call: Call) => Response | Promise<Response>;

export interface Route {
  /** A route whose path ends with a slash answers everything below it, if it is longer than that. */
  readonly path: string;
  /** Who may ask: anybody, clients that know the password, or anybody where metrics are open. */
  readonly access: "open" | "password" | "metrics";
  readonly methods: Readonly<Partial<Record<Method, Handler>>>;
  /** Parameters that the query may have. */
  readonly parameters?: readonly string[];
  /** How the list of endpoints shows it, and one sentence about it. */
  readonly shown: string;
  readonly summary: string;
}
