import type { InstrumentsHandle } from "../../instruments/instruments-memory.ts";
import type { LogLevel } from "../../lib/log.ts";
import type { SettingChange } from "../../lib/setting-error.ts";
import type { ClockReading } from "../../lib/steady-clock.ts";
import type { ServerTls } from "../../lib/tls.ts";
import type { ConnectionLimits } from "../../net/limits.ts";
import type { ListenerTls } from "../../net/listener.ts";
import type { StoreHandle } from "../../store/store.ts";
import type { OriginAccess, ProxySettings } from "../settings.ts";

/** What a thread needs to start. */
export interface ThreadStart {
  readonly settings: ProxySettings;
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
  readonly tls: ListenerTls | undefined;
  readonly respOnly: boolean;
  readonly limits: ConnectionLimits;
  readonly store: StoreHandle;
  /** The number under which the thread holds the store's locks. */
  readonly holder: number;
  readonly table: SharedArrayBuffer;
  /** The memory of the text of all users. */
  readonly users: SharedArrayBuffer;
  /** The memory of `FlightClaims`. */
  readonly claims: SharedArrayBuffer;
  /** What the origins of all threads share, if anything. */
  readonly originMemory: SharedArrayBuffer | undefined;
  /** Where instruments read; undefined: nobody does. */
  readonly instruments: InstrumentsHandle | undefined;
  readonly count: number;
  readonly index: number;
  readonly channelName: string;
  readonly runId: string;
  readonly startedAtMs: number;
  /** The time of the cache, the same for all threads. */
  readonly clock: ClockReading;
}

/** From a thread to its supervisor. */
export type FromThread =
  | { readonly type: "listening"; readonly port: number; readonly tlsPort: number | undefined }
  | { readonly type: "refused"; readonly message: string; readonly code: string }
  | { readonly type: "log"; readonly level: "info" | "warn" | "error"; readonly message: string }
  | { readonly type: "log-level"; readonly level: LogLevel }
  /** What was asked for is done; `problem`: nothing was changed, for this reason. */
  | { readonly type: "changed"; readonly id: number; readonly problem: string | undefined }
  /** All clients are gone. */
  | { readonly type: "drained" }
  | { readonly type: "ended" };

/** From the supervisor to a thread. */
export type ToThread =
  | { readonly type: "drain"; readonly forMs: number }
  /** All threads have drained. */
  | { readonly type: "end" }
  /** Change settings in all threads. */
  | { readonly type: "change"; readonly id: number; readonly changes: readonly SettingChange[] }
  /** Adopt the shared users, in all threads. */
  | { readonly type: "users"; readonly id: number }
  /** Use another certificate for new clients. */
  | { readonly type: "tls"; readonly settings: ServerTls }
  /** Speak TLS in another way on new connections to the origin. */
  | { readonly type: "origin-access"; readonly access: OriginAccess };
