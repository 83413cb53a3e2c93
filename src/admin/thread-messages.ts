import type { InstrumentsSettings } from "../instruments/instruments.ts";
import type { InstrumentsSource } from "../instruments/instruments-source.ts";
import type { ServerTls } from "../lib/tls.ts";
import type { AdminOptions } from "./server.ts";

/** Where the admin port listens, and under which names. */
export type AdminSettings = Pick<AdminOptions, "host" | "port" | "tls" | "openMetrics" | "adminHosts">;

/** The settings of the instruments, with policies as texts. Can be sent to a worker. */
export type InstrumentsFlags = Omit<InstrumentsSettings, "policies"> & {
  readonly policies: readonly string[];
};

/** What the thread of the instruments needs to start. */
export interface InstrumentsStart {
  readonly source: InstrumentsSource;
  /** The number under which the thread holds the store's locks. */
  readonly holder: number;
  readonly settings: InstrumentsFlags;
  /** undefined: there is no admin port. */
  readonly admin: AdminSettings | undefined;
  /** Whether it replaces one that died. */
  readonly isRestart: boolean;
}

/** To the thread of the instruments. */
export type ToInstruments =
  | { readonly type: "end" }
  /** Use another certificate. */
  | { readonly type: "tls"; readonly settings: ServerTls };

/** From the thread of the instruments. */
export type FromInstruments =
  | { readonly type: "ready"; readonly port: number | undefined }
  | { readonly type: "refused"; readonly message: string }
  | { readonly type: "ended" };
