import { rmSync } from "node:fs";
import { systemClock } from "../lib/clock.ts";
import { formatSize } from "../lib/quantity.ts";
import type { SettingChange } from "../lib/setting-error.ts";
import { formatPolicy } from "../policy/registry.ts";
import type { RecordingSettings } from "../proxy/recording-file.ts";
import { DEFAULT_MEMORY, NUMBER_SETTINGS, numbersFrom } from "../proxy/settings.ts";
import { checkWarmPath, WarmFileError } from "../proxy/warm/warm-file.ts";
import { ORIGIN_FORMS, readOrigin } from "../upstream/origin-kinds.ts";
import { choosePassword, followUsers, listenAccess, tellOfAccess } from "./access-settings.ts";
import { checkMaxMemory, maxMemorySetting, memorySetting, policySetting } from "./cache-settings.ts";
import { checkText } from "./check-text.ts";
import type { Config } from "./config.ts";
import { RESERVED_DESCRIPTORS } from "./descriptor-limit.ts";
import { EXIT_DONE, FailedError, UsageError } from "./exit.ts";
import { instrumentSettings, instrumentsPlan } from "./instrument-settings.ts";
import { withInstruments } from "./instrumented.ts";
import { fittingLimits, LIMIT_FLAGS } from "./limit-settings.ts";
import { LISTENING, listenSettings } from "./listen-settings.ts";
import { createLog, LOG_SETTINGS } from "./log.ts";
import { runningDifferences } from "./running-settings.ts";
import { endOnFault, formatListening, HangUp, listeningAddresses, serve, tlsText } from "./serve.ts";
import {
  choice,
  count,
  numberSettings,
  optionalSetting,
  setting,
  size,
  switchSetting,
  text,
  threads,
} from "./setting.ts";
import { settingsReload } from "./settings-reload.ts";
import { standardOutput } from "./standard-output.ts";
import { subcommand } from "./subcommand.ts";
import {
  followCertificates,
  followOriginTls,
  listenerTls,
  originTls,
  originTlsSettings,
  type SecuredService,
} from "./tls-settings.ts";

/** Descriptors that a thread opens: its event loop, its listeners, its connections to the origin. */
const DESCRIPTORS_PER_THREAD = 32;

const ORIGIN = "Origin:";
const CACHE = "Cache:";
const RECORDING = "Recording:";

const NUMBER_FLAGS = numberSettings(NUMBER_SETTINGS);

const SETTINGS = {
  ...listenSettings("8080"),
  origin: setting(
    (given) => {
      readOrigin(given);
      return given;
    },
    "localhost:9090",
    {
      placeholder: "<address>",
      description: `address of the origin: ${ORIGIN_FORMS}`,
      group: ORIGIN,
    },
  ),
  originPassword: optionalSetting(text(), {
    placeholder: "<text>",
    description: "password of the origin; others on this machine can see it, so prefer the file",
    group: ORIGIN,
  }),
  originPasswordFile: optionalSetting(text(), {
    placeholder: "<file>",
    description: "file whose first line is the password of the origin; SIGHUP reads it again",
    group: ORIGIN,
  }),
  ...originTlsSettings(ORIGIN),
  ...NUMBER_FLAGS,
  memory: memorySetting(DEFAULT_MEMORY, CACHE, "memory for cached entries"),
  maxMemory: maxMemorySetting(CACHE),
  maxEntries: optionalSetting(count({ least: "1" }), {
    placeholder: "<count>",
    description: "most entries of any size, in addition to the limit of memory",
    group: CACHE,
  }),
  policy: policySetting(CACHE),
  threads: setting(threads(), "auto", {
    placeholder: "<count>",
    description: "threads that serve clients from one cache; auto: one per processor",
    group: CACHE,
  }),
  warm: optionalSetting(text(), {
    placeholder: "<file>",
    description:
      "write which keys are cached to this file, and read them again from the origin at the next start; values are not " +
      "written",
    group: CACHE,
  }),
  sharePort: switchSetting({
    description:
      "share the port with other processes of this user that were started so: a new one takes over before the old one " +
      "ends",
    group: LISTENING,
  }),
  allowAdmin: switchSetting({
    description:
      "pass on commands that act on the origin itself, such as SHUTDOWN, DEBUG or MODULE LOAD, and CONFIG SET of any " +
      "parameter",
    group: ORIGIN,
  }),
  crossSlot: setting(choice("refuse", "split"), "refuse", {
    placeholder: "<mode>",
    description:
      "what MSET and MSETNX do whose keys are of several hash slots of a cluster: split writes slot after slot, so that " +
      "others may see a part, or a part may fail",
    group: ORIGIN,
  }),
  ...LIMIT_FLAGS,
  record: optionalSetting(text(), {
    placeholder: "<file>",
    description: "record requests for glasscache simulate; docs/RECORDING.md describes the format",
    group: RECORDING,
  }),
  recordLimit: setting(size({ least: "64kb" }), "1gb", {
    placeholder: "<size>",
    description: "largest size of the file; recording ends there",
    group: RECORDING,
  }),
  recordKeys: switchSetting({
    description: "record keys instead of their hashes",
    group: RECORDING,
  }),
  recordOverwrite: switchSetting({
    description: "replace the file if it exists",
    group: RECORDING,
  }),
  ...instrumentSettings(),
  ...LOG_SETTINGS,
};

export const proxy = subcommand({
  name: "proxy",
  summary: "run the caching proxy",
  description:
    "Runs the caching proxy in front of a glasscache server, a Redis or a Valkey. " +
    "In the JSON of DUMP, a byte xx that is not valid UTF-8 becomes the character U+10FExx.",
  examples: [
    ["glasscache proxy", "on localhost:8080, in front of localhost:9090"],
    ["glasscache proxy --origin redis://localhost:6379", "in front of a Redis"],
    ["glasscache proxy --memory 1gb --policy lru", "another size, another policy"],
    ["glasscache proxy --threads 1", "on one processor, leaving the others free"],
  ],
  settings: SETTINGS,
  async run(config, _operands, reread) {
    const { values } = config;
    checkMaxMemory(values, config.labels);
    const access = listenAccess(config);
    const tls = listenerTls(config, systemClock.wallMs());
    const { origin } = values;
    const { isSecure } = readOrigin(origin);
    const passwordAtOrigin = originPassword(config);
    const tlsWithOrigin = originTls(config, isSecure, systemClock.wallMs());
    checkWarmFile(config);
    const reserved = RESERVED_DESCRIPTORS + values.threads * DESCRIPTORS_PER_THREAD;
    if (values.check) {
      const { connections } = fittingLimits(config, reserved).limits;
      instrumentsPlan(config, access, tls?.settings);
      const { CHANGEABLE_SETTINGS: changeable } = await import("../proxy/live-settings.ts");
      const { password } = access;
      const running = await runningDifferences(SETTINGS, config, {
        ...{ password, changeable, connections },
        fixed: ["threads", "max-memory", "max-entries", "allow-admin", "cross-slot"],
      });
      standardOutput().write(checkText(SETTINGS, config, running));
      return EXIT_DONE;
    }
    const log = createLog({ level: values.logLevel, format: values.logFormat });
    const hangUp = new HangUp(log);
    const fitting = fittingLimits(config, reserved);
    const plan = instrumentsPlan(config, access, tls?.settings);
    endOnFault(log);
    const { startProxy } = await import("../proxy/start.ts");
    const { Supervisor } = await import("../proxy/threads/supervisor.ts");
    const { CHANGEABLE_SETTINGS } = await import("../proxy/live-settings.ts");
    return serve(log, { untilInputEnds: values.untilInputEnds, hangUp }, async () => {
      const options = {
        host: values.host,
        port: values.port,
        tls,
        respOnly: values.protocol === "resp",
        sharesPort: values.sharePort,
        drainMs: values.drainTime,
        password: access.password,
        usersFile: access.usersFile,
        limits: fitting.limits,
        origin,
        originPassword: passwordAtOrigin,
        originTls: tlsWithOrigin,
        ...numbersFrom((_, name) => values[name]),
        memoryBytes: values.memory,
        maxMemoryBytes: values.maxMemory,
        maxEntries: values.maxEntries,
        policy: formatPolicy(values.policy),
        logLevel: values.logLevel,
        allowAdmin: values.allowAdmin,
        splitsWrites: values.crossSlot === "split",
        recording: await recordingOf(config),
        warm: values.warm,
        instruments: plan !== undefined,
        log,
        setLogLevel: (level: string) => {
          log.level = level;
        },
      };
      const { threads } = values;
      const starting = threads === 1 ? startProxy(options) : Supervisor.open({ ...options, threads });
      const started = await starting.catch((error: unknown) => {
        // Otherwise, after a failure such as a taken port, the next attempt would find that the file exists.
        if (options.recording !== undefined) rmSync(options.recording.path, { force: true });
        throw error;
      });
      let running: SecuredService = started;
      const change = (changes: readonly SettingChange[]) => started.change(changes);
      hangUp.change = settingsReload({
        started: config,
        reread,
        changeable: CHANGEABLE_SETTINGS,
        change,
        log,
      });
      // Before anybody is told that the service is ready, for SIGHUP may come then.
      if (tls !== undefined) {
        followCertificates(config, {
          settings: tls.settings,
          replaceTls: (renewed) => running.replaceTls(renewed),
          log,
          hangUp,
        });
      }
      if (isSecure) followOriginTls(config, started, hangUp);
      if (passwordAtOrigin !== undefined) followOriginPassword(config, passwordAtOrigin, started, hangUp);
      followUsers(config, access, started, hangUp);
      const addresses = listeningAddresses(values.host);
      const shownOrigin = readOrigin(values.origin).name;
      log.info(
        {
          ready: {
            host: values.host,
            port: started.port,
            tlsPort: started.tlsPort,
            addresses,
            origin: shownOrigin,
            policy: formatPolicy(values.policy),
            memoryBytes: values.memory,
            maxEntries: values.maxEntries,
            threads,
            hasAdmin: plan?.admin !== undefined,
          },
        },
        `listening on ${formatListening(values.host, started.port, addresses)}${tlsText(started)}, ` +
          `origin ${shownOrigin}, cache of ${formatSize(values.memory)}` +
          (values.maxEntries === undefined ? "" : ` and ${values.maxEntries.toLocaleString("en")} entries`) +
          `, policy ${formatPolicy(values.policy)}` +
          (threads === 1 ? "" : `, ${threads} threads`),
      );
      fitting.tell(log);
      tellOfAccess(access, log);
      if (plan !== undefined) running = await withInstruments(started, plan, log);
      return running;
    });
  },
});

/** @throws FailedError if there can be no file of warm keys */
function checkWarmFile({ values, labels }: Config<typeof SETTINGS>): void {
  if (values.warm === undefined) return;
  try {
    checkWarmPath(values.warm);
  } catch (error) {
    if (!(error instanceof WarmFileError)) throw error;
    throw new FailedError(`${labels.warm}: ${error.message}`);
  }
}

/** Creates the recording file, if one was requested. */
async function recordingOf({
  values,
  labels,
}: Config<typeof SETTINGS>): Promise<RecordingSettings | undefined> {
  if (values.record === undefined) return undefined;
  const { createRecording, RecordingError } = await import("../proxy/recording-file.ts");
  try {
    return createRecording({
      path: values.record,
      limitBytes: values.recordLimit,
      holdsKeys: values.recordKeys,
      overwrite: values.recordOverwrite,
    });
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    const hint = values.recordOverwrite ? "" : `; ${labels.recordOverwrite} replaces a file`;
    throw new FailedError(`${labels.record}: ${error.message}${error.exists ? hint : ""}`);
  }
}

/** Returns the password of the origin that is given beside its address. @throws UsageError */
function originPassword(config: Config<typeof SETTINGS>): string | undefined {
  const { values, labels } = config;
  const password = choosePassword(config, "originPassword", "originPasswordFile");
  const { hasPassword, lacksPassword } = readOrigin(values.origin);
  if (password !== undefined && hasPassword) {
    throw new UsageError(`${labels.origin}: holds a password already; give it once`);
  }
  if (password === undefined && lacksPassword) {
    throw new UsageError(
      `${labels.origin}: has a user without a password; ${labels.originPasswordFile} names a file that holds it`,
    );
  }
  return password;
}

/** Has SIGHUP read the file with the origin's password again. */
function followOriginPassword(
  config: Config<typeof SETTINGS>,
  atStart: string,
  proxy: { replaceOriginAccess(access: { readonly originPassword: string }): void },
  hangUp: HangUp,
): void {
  let present = atStart;
  hangUp.reloads.push(() => {
    const password = originPassword(config)!;
    return () => {
      if (password === present) return undefined;
      present = password;
      proxy.replaceOriginAccess({ originPassword: password });
      return "the password of the origin was read again, for new connections to it";
    };
  });
}
