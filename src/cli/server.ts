import { resolve } from "node:path";
import { systemClock } from "../lib/clock.ts";
import { formatSize } from "../lib/quantity.ts";
import { formatPolicy } from "../policy/registry.ts";
import { SERVER_LIMIT_SETTINGS } from "../server/limits.ts";
import { followUsers, listenAccess, tellOfAccess } from "./access-settings.ts";
import { checkMaxMemory, maxMemorySetting, memorySetting, policySetting } from "./cache-settings.ts";
import { checkText } from "./check-text.ts";
import { RESERVED_DESCRIPTORS } from "./descriptor-limit.ts";
import { EXIT_DONE } from "./exit.ts";
import { adminPlan, adminSettings, SERVER_ADMIN } from "./instrument-settings.ts";
import { withInstruments } from "./instrumented.ts";
import { fittingLimits, LIMIT_FLAGS } from "./limit-settings.ts";
import { listenSettings } from "./listen-settings.ts";
import { createLog, LOG_SETTINGS } from "./log.ts";
import { runningDifferences } from "./running-settings.ts";
import { endOnFault, formatListening, HangUp, listeningAddresses, serve, tlsText } from "./serve.ts";
import { choice, numberSettings, setting, switchSetting, text } from "./setting.ts";
import { settingsReload } from "./settings-reload.ts";
import { standardOutput } from "./standard-output.ts";
import { subcommand } from "./subcommand.ts";
import { followCertificates, listenerTls, type SecuredService } from "./tls-settings.ts";

const STORAGE = "Storage:";

const SETTINGS = {
  ...listenSettings("9090"),
  enableDebugCommand: setting(choice("no", "local", "yes"), "no", {
    placeholder: "<no|local|yes>",
    description:
      "which clients may use DEBUG, which can stop expiry or the server, for tests: none, those on this machine, all",
    group: "Access:",
  }),
  engine: setting(choice("lmdb", "memory"), "lmdb", {
    placeholder: "<lmdb|memory>",
    description: "where the data lives: on disk, or in memory only",
    group: STORAGE,
  }),
  data: setting(text(), "./glasscache-data", {
    placeholder: "<directory>",
    description: "directory of the data on disk; created if it does not exist",
    group: STORAGE,
  }),
  sync: setting(choice("always", "interval"), "always", {
    placeholder: "<always|interval>",
    description: "reply to a write once it is on disk, or write to disk every second",
    group: STORAGE,
  }),
  recover: switchSetting({
    description:
      "if the data on disk is damaged, start nevertheless, once: damaged files are kept under the name " +
      "FILE.damaged-TIME, every intact frame of the journal is used, and a database that cannot be read is " +
      "started anew; without this option the server reports the damage, changes nothing and ends",
    group: STORAGE,
  }),
  memory: memorySetting(
    "256mb",
    STORAGE,
    "memory for entries: for all of them, or for those in use if the store is on disk",
  ),
  maxMemory: maxMemorySetting(STORAGE),
  policy: policySetting(STORAGE),
  whenFull: setting(choice("evict", "refuse"), "evict", {
    placeholder: "<evict|refuse>",
    description: "with --engine memory: evict entries, or reply to writes with an error",
    group: STORAGE,
  }),
  ...adminSettings(SERVER_ADMIN),
  ...LIMIT_FLAGS,
  ...numberSettings(SERVER_LIMIT_SETTINGS),
  ...LOG_SETTINGS,
};

/** The server's CONFIG has Redis's names where Redis has the setting. */
const REDIS_NAMES = {
  memory: "maxmemory",
  "max-connections": "maxclients",
  "max-value": "proto-max-bulk-len",
};

export const server = subcommand({
  name: "server",
  summary: "run the key-value server",
  description:
    "Runs the key-value server, which speaks RESP (any Redis client) and the text protocol. " +
    "In the JSON of DUMP, a byte xx that is not valid UTF-8 becomes the character U+10FExx.",
  examples: [
    ["glasscache server", "on localhost:9090, data in ./glasscache-data"],
    ["glasscache server --engine memory --memory 1gb", "nothing on disk; evicts beyond 1 GB"],
    [
      "glasscache server --data ./damaged --recover",
      "once: keeps damaged files, serves all data that can be read",
    ],
    ["glasscache server --host 0.0.0.0 --password-file secret", "for other machines, with a password"],
  ],
  settings: SETTINGS,
  async run(config, _operands, reread) {
    const { values } = config;
    checkMaxMemory(values, config.labels);
    const access = listenAccess(config);
    const tls = listenerTls(config, systemClock.wallMs());
    if (values.check) {
      const { connections } = fittingLimits(config, RESERVED_DESCRIPTORS).limits;
      adminPlan(config, access, tls?.settings);
      const { CHANGEABLE_SETTINGS: changeable } = await import("../server/settings-change.ts");
      const { password } = access;
      const running = await runningDifferences(SETTINGS, config, {
        password,
        names: REDIS_NAMES,
        connections,
        changeable,
      });
      standardOutput().write(checkText(SETTINGS, config, running));
      return EXIT_DONE;
    }
    const log = createLog({ level: values.logLevel, format: values.logFormat });
    const hangUp = new HangUp(log);
    const fitting = fittingLimits(config, RESERVED_DESCRIPTORS);
    const limits = {
      ...fitting.limits,
      transactionBytes: values.maxTransaction,
      watchedKeys: values.maxWatched,
      aclLogEntries: values.aclLogEntries,
    };
    const plan = adminPlan(config, access, tls?.settings);
    endOnFault(log);
    const { startServer } = await import("../server/start.ts");
    const { CHANGEABLE_SETTINGS } = await import("../server/settings-change.ts");
    const dataDirectory = resolve(values.data);
    return serve(log, { untilInputEnds: values.untilInputEnds, hangUp }, async () => {
      const started = await startServer({
        host: values.host,
        port: values.port,
        tls,
        respOnly: values.protocol === "resp",
        drainMs: values.drainTime,
        password: access.password,
        usersFile: access.usersFile,
        limits,
        debugAccess: values.enableDebugCommand,
        engine: values.engine,
        dataDirectory,
        sync: values.sync,
        isRecovering: values.recover,
        memoryBytes: values.memory,
        maxMemoryBytes: values.maxMemory,
        policy: values.policy,
        whenFull: values.whenFull,
        log,
      });
      let running: SecuredService = started;
      hangUp.change = settingsReload({
        ...{ started: config, reread, changeable: CHANGEABLE_SETTINGS, log },
        change: async (changes) => started.change(changes),
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
      followUsers(config, access, started, hangUp);
      const addresses = listeningAddresses(values.host);
      const isOnDisk = values.engine === "lmdb";
      const where = isOnDisk ? ` in ${dataDirectory}` : `, at most ${formatSize(values.memory)}`;
      log.info(
        {
          ready: {
            host: values.host,
            port: started.port,
            tlsPort: started.tlsPort,
            addresses,
            engine: values.engine,
            ...(isOnDisk ? { data: dataDirectory } : {}),
            policy: formatPolicy(values.policy),
          },
        },
        `listening on ${formatListening(values.host, started.port, addresses)}${tlsText(started)}, engine ${values.engine}${where}`,
      );
      fitting.tell(log);
      tellOfAccess(access, log);
      if (plan !== undefined) running = await withInstruments(started, plan, log);
      return running;
    });
  },
});
