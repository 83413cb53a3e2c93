import { systemClock } from "../lib/clock.ts";
import { systemTimers, type Timer } from "../lib/timers.ts";
import { formatOrigin, parseOrigin } from "../upstream/address.ts";
import { choosePassword } from "./access-settings.ts";
import type { Config } from "./config.ts";
import { EXIT_DONE, FailedError, UsageError } from "./exit.ts";
import { PROXY_ADMIN } from "./instrument-settings.ts";
import { usesColour } from "./log.ts";
import { passwordAsker } from "./password-prompt.ts";
import { choice, duration, optionalSetting, setting, switchSetting, text, timeout } from "./setting.ts";
import { standardOutput } from "./standard-output.ts";
import { subcommand } from "./subcommand.ts";
import { TerminalKeys } from "./terminal-keys.ts";
import { displayJson } from "./terminal-text.ts";
import { readAuthorities } from "./tls-files.ts";
import { AdminClient, type FetchTls, PasswordRefused } from "./top/admin-client.ts";
import { FullScreen } from "./top/full-screen.ts";
import { LiveTop } from "./top/live-top.ts";
import { printTop } from "./top/printed-top.ts";
import { NoAnswer, type Reader, type Readings } from "./top/readings.ts";
import { initialState, SCREENS, type TopState, wantedBy } from "./top/top-state.ts";
import { COLOURED, PLAIN } from "./top/top-style.ts";

/** Where there is no terminal, so that names are not cut short. */
const PRINTED_COLUMNS = 120;
const PRINTED_ROWS = 40;
const PASSWORD_ATTEMPTS = 3;
/** Longer than it takes to be stopped. */
const RESUME_MS = 50;
const CRASHES = ["uncaughtException", "unhandledRejection"] as const;
const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const SETTINGS = {
  interval: setting(duration({ least: "100ms", most: "1h" }), "1s", {
    placeholder: "<time>",
    description: "time between two readings",
  }),
  screen: setting(choice(...SCREENS), "overview", {
    placeholder: "<name>",
    description: `the first screen: ${SCREENS.join(", ")}`,
  }),
  key: optionalSetting(text(), {
    placeholder: "<name>",
    description: "key whose story to show first, on the screen biography",
  }),
  once: switchSetting({ description: "print one screen as text after one interval, and end" }),
  json: switchSetting({ description: "print one JSON object with everything for each interval" }),
  password: optionalSetting(text(), {
    placeholder: "<text>",
    description:
      "its password; others on this machine can see it, so prefer the file. On a terminal it is asked for",
  }),
  passwordFile: optionalSetting(text(), {
    placeholder: "<file>",
    description: "file whose first line is the password",
  }),
  user: optionalSetting(text(), {
    placeholder: "<name>",
    description: "the user whose password it is; the default one if none is given",
  }),
  ca: optionalSetting(text(), {
    placeholder: "<file>",
    description: "with an https:// address: certificates, in PEM, of the authorities that vouch for it",
  }),
  insecure: switchSetting({ description: "with an https:// address: take any certificate" }),
  timeout: setting(timeout(), "5s", {
    placeholder: "<time>",
    description: "time limit for each answer; 0: no limit",
  }),
};

export const top = subcommand({
  name: "top",
  summary: "watch what a proxy or server measures",
  description:
    "Shows at the terminal what the admin port of a proxy or server tells: hit ratio, latencies, what other caches " +
    "would do, hot keys, families of keys, and every counter.",
  operands: "[address]",
  optionsBehindOperands: true,
  examples: [
    ["glasscache top", `of the proxy on this machine, ${PROXY_ADMIN}`],
    ["glasscache top cache.example:8081 --password-file secret", "of another machine"],
    ["glasscache top --screen what-if", "begin with other policies and sizes"],
    ["glasscache top --once --screen counters", "all counters, with their rates over one second"],
    ["glasscache top --key user:1", "what happened to a key"],
    ["glasscache top --once --json", "everything, for a script"],
  ],
  settings: SETTINGS,
  notes:
    "Keys: 1 to 6 and Tab choose a screen, arrows move, s sorts, + and - change the interval, Space pauses, ? lists " +
    "all keys, q ends. Without a terminal, one screen is printed as text for each interval.",
  async run(config, operands) {
    const { address, isSecure } = addressOf(operands);
    const tls = tlsOf(config, isSecure);
    const { values } = config;
    const state = firstState(config);
    const reader = await firstReading({ address, tls }, config, state, Boolean(values.once || values.json));
    const stdout = standardOutput();
    if (values.once || values.json || stdout.isTTY !== true) {
      await print(address, reader.client, state, values);
    } else {
      await show(address, reader, state, stdout);
    }
    return EXIT_DONE;
  },
});

/** @throws UsageError */
function addressOf(operands: readonly string[]): { readonly address: string; readonly isSecure: boolean } {
  const [given = PROXY_ADMIN, ...more] = operands;
  if (more.length > 0) throw new UsageError("give one address");
  const wrong = () => new UsageError(`"${given}" is not an address such as ${PROXY_ADMIN}`);
  const isSecure = /^https:\/\//i.test(given);
  const bare = given.replace(/^https?:\/\//i, "").replace(/\/$/, "");
  if (/[/@]/.test(bare)) throw wrong();
  try {
    const address = formatOrigin(parseOrigin(/^[0-9]+$/.test(bare) ? `localhost:${bare}` : bare));
    return { address, isSecure };
  } catch {
    throw wrong();
  }
}

/** @throws UsageError */
function tlsOf({ values, labels }: Config<typeof SETTINGS>, isSecure: boolean): FetchTls | undefined {
  const { ca, insecure } = values;
  const given = ca !== undefined ? labels.ca : insecure ? labels.insecure : undefined;
  if (isSecure) {
    return {
      ...(ca !== undefined && { ca: readAuthorities({ path: ca, label: labels.ca }) }),
      ...(insecure && { rejectUnauthorized: false }),
    };
  }
  if (given !== undefined)
    throw new UsageError(`${given}: means nothing without TLS: give an https:// address`);
  return undefined;
}

function firstState({ values, ranks }: Config<typeof SETTINGS>): TopState {
  const { key, interval } = values;
  const screen = key !== undefined && ranks.screen === 0 ? "biography" : values.screen;
  return initialState(screen, interval, key);
}

interface FirstReading {
  readonly client: Reader;
  readonly readings: Readings;
}

/** Reads for the first time; if a password is required, asks for it on a terminal. */
async function firstReading(
  { address, tls }: { readonly address: string; readonly tls: FetchTls | undefined },
  config: Config<typeof SETTINGS>,
  state: TopState,
  isForScripts: boolean,
): Promise<FirstReading> {
  const { values } = config;
  const given = choosePassword(config, "password", "passwordFile");
  const ask = given === undefined && !isForScripts ? passwordAsker() : undefined;
  const wanted = wantedBy(state);
  for (let password = given, attempts = PASSWORD_ATTEMPTS; ; attempts--) {
    const client = new AdminClient({
      address,
      tls,
      user: values.user ?? "",
      password,
      timeoutMs: values.timeout,
      clock: systemClock,
    });
    try {
      return { client, readings: await client.read(wanted) };
    } catch (error) {
      if (error instanceof NoAnswer) throw new FailedError(`${error.message}${startAdvice(error)}`);
      if (!(error instanceof PasswordRefused)) throw error;
      password = ask === undefined || attempts === 0 ? undefined : await ask(`${error.message}: `);
      if (password !== undefined) continue;
      const advice = given === undefined ? "; give --password-file, GLASSCACHE_PASSWORD or --password" : "";
      throw new FailedError(`${error.message}${advice}`);
    }
  }
}

function startAdvice({ message }: NoAnswer): string {
  return message.startsWith("nothing listens")
    ? "; is the proxy running, and is --admin the same there?"
    : "";
}

async function print(
  address: string,
  reader: Reader,
  state: TopState,
  { json, once }: { readonly json: boolean; readonly once: boolean },
): Promise<void> {
  const stdout = standardOutput();
  const ending = endingSignal();
  try {
    await printTop({
      address,
      reader,
      state,
      json,
      once,
      columns: stdout.columns || PRINTED_COLUMNS,
      rows: stdout.rows || PRINTED_ROWS,
      clock: systemClock,
      wait: (ms) => pause(ms, ending.signal),
      signal: ending.signal,
      print: (text) => written(stdout, stdout.isTTY === true && json ? displayJson(text) : text),
      warn: (text) => process.stderr.write(`glasscache top: ${text}\n`),
    });
  } catch (error) {
    throw error instanceof NoAnswer ? new FailedError(error.message) : error;
  } finally {
    ending.release();
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}

/** Waits until the text has been taken, so that a slow reader slows this program down. */
function written(stdout: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    stdout.write(text, () => resolve());
  });
}

/** The live screen on a terminal. Restores the terminal on every way out. */
async function show(
  address: string,
  { client, readings }: FirstReading,
  state: TopState,
  stdout: NodeJS.WriteStream,
): Promise<void> {
  const keys = process.stdin.isTTY === true ? new TerminalKeys(process.stdin) : undefined;
  const screen = new FullScreen(stdout, () => live.draw());
  const enter = () => {
    keys?.setRawMode(true);
    screen.enter();
  };
  const leave = () => {
    screen.leave();
    keys?.setRawMode(false);
  };
  let resuming: Timer | undefined;
  const live = new LiveTop(readings, {
    address,
    reader: client,
    canvas: screen,
    clock: systemClock,
    timers: systemTimers,
    style: usesColour(stdout) ? COLOURED : PLAIN,
    state,
    suspend: () => {
      leave();
      process.kill(process.pid, "SIGTSTP");
      // Runs when the user continues the program. It is not stopped at all where no shell could continue it.
      resuming = systemTimers.after(RESUME_MS, () => {
        enter();
        live.draw();
      });
    },
  });
  const ending = endingSignal();
  ending.signal.addEventListener("abort", () => live.end());
  // An error from elsewhere must not be printed to the screen that goes away.
  const crash = (error: unknown) => live.fail(error);
  for (const event of CRASHES) process.on(event, crash);
  process.on("exit", leave);
  const release = keys?.capture((key) => live.press(key));
  keys?.on("end", () => live.end());
  enter();
  keys?.resume();
  try {
    await live.run();
  } finally {
    release?.();
    resuming?.stop();
    leave();
    keys?.close();
    process.off("exit", leave);
    for (const event of CRASHES) process.off(event, crash);
    ending.release();
  }
}

/** A signal that aborts when the program is told to end. */
function endingSignal(): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  for (const name of ENDING_SIGNALS) process.on(name, abort);
  return {
    signal: controller.signal,
    release() {
      for (const name of ENDING_SIGNALS) process.off(name, abort);
    },
  };
}
