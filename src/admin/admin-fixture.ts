import { ManualClock } from "../lib/clock.ts";
import { ManualTimers } from "../lib/timers.ts";
import { FakeView } from "./fake-view-fixture.ts";
import { type AdminLimits, DEFAULT_ADMIN_LIMITS } from "./limits.ts";
import type { Page } from "./page.ts";
import { type AdminOptions, AdminServer } from "./server.ts";

export const DASHBOARD: Page = {
  library: "var uPlot;",
  hasWorker: false,
  html: "<!doctype html><title>dashboard</title>",
  scriptSource: "'sha256-script'",
  styleSource: "'sha256-style'",
};

export const PLAYGROUND: Page = {
  library: undefined,
  hasWorker: true,
  html: "<!doctype html><head></head><title>playground</title>",
  scriptSource: "'sha256-play'",
  styleSource: "'sha256-look'",
};

/** An admin port over a fake view, with time that stands still. */
export class AdminFixture {
  readonly view: FakeView = new FakeView();
  readonly clock: ManualClock = new ManualClock();
  readonly timers: ManualTimers = new ManualTimers();
  readonly server: AdminServer;
  readonly url: string;

  constructor({
    password,
    ...options
  }: Partial<Omit<AdminOptions, "limits">> & {
    readonly limits?: Partial<AdminLimits>;
    /** The default user's; none by default. */
    readonly password?: string;
  } = {}) {
    this.server = AdminServer.open({
      host: "127.0.0.1",
      port: 0,
      page: async (name) => (name === "learn" ? PLAYGROUND : DASHBOARD),
      view: this.view,
      credentials: {
        areNeeded: password !== undefined,
        check: (_name, given) => (given === password ? { user: "default" } : "wrong"),
        mayStill: () => true,
      },
      openMetrics: false,
      adminHosts: [],
      clock: this.clock,
      timers: this.timers,
      ...options,
      limits: { ...DEFAULT_ADMIN_LIMITS, ...options.limits },
    });
    this.url = `http://127.0.0.1:${this.server.port}`;
  }

  /** Lets time pass, for clock and timers. */
  advance(ms: number): void {
    this.clock.advance(ms);
    this.timers.advance(ms);
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(this.url + path, { headers });
  }

  /** Sends a body as JSON. */
  send(
    method: string,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const type = { "content-type": "application/json" };
    return fetch(this.url + path, { method, headers: { ...type, ...headers }, body: JSON.stringify(body) });
  }

  /** Sends bytes as they are. @returns what comes back until the connection ends */
  raw(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let received = "";
      Bun.connect({
        hostname: "127.0.0.1",
        port: this.server.port,
        socket: {
          open: (socket) => {
            socket.write(text);
          },
          data: (_, data) => {
            received += data.toString("latin1");
          },
          close: () => resolve(received),
        },
      }).catch(reject);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

/** The header of HTTP basic authentication. */
export function basic(password: string, user = "default"): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}
