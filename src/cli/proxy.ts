import manifest from "../../package.json" with { type: "json" };
import { formatPolicy } from "../cache/registry.ts";
import { formatSize } from "../lib/quantity.ts";
import { formatOrigin, parseOrigin } from "../upstream/address.ts";
import { memorySetting, policySetting } from "./cache-settings.ts";
import type { Config } from "./config.ts";
import { UsageError } from "./exit.ts";
import { LIMIT_SETTINGS, LIMITS, limitsOf } from "./limit-settings.ts";
import { choosePassword, listenPassword, listenSettings } from "./listen-settings.ts";
import { createLog, LOG_SETTINGS } from "./log.ts";
import { endOnFault, formatListening, listeningAddresses, serve } from "./serve.ts";
import { count, duration, optionalSetting, readBy, setting, size, text, timeout } from "./setting.ts";
import { subcommand } from "./subcommand.ts";

const ORIGIN = "Origin:";
const CACHE = "Cache:";

const SETTINGS = {
  ...listenSettings("8080"),
  origin: setting(
    readBy((given) => {
      parseOrigin(given);
      return given;
    }),
    "localhost:9090",
    {
      placeholder: "<address>",
      description: "what to cache: host:port or redis://[user:password@]host:port",
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
    description: "file whose first line is the password of the origin",
    group: ORIGIN,
  }),
  originTimeout: setting(timeout({ least: "1ms" }), "5s", {
    placeholder: "<time>",
    description: "how long the origin may take to answer",
    group: ORIGIN,
  }),
  heartbeat: setting(timeout({ least: "10ms" }), "1s", {
    placeholder: "<time>",
    description: "how often to ask whether the origin is there; bounds how stale an entry can get",
    group: ORIGIN,
  }),
  heartbeatTimeout: setting(timeout({ least: "10ms" }), "2s", {
    placeholder: "<time>",
    description: "how long that may take before everything cached is dropped; adds to the same bound",
    group: ORIGIN,
  }),
  ttl: setting(duration(), "1s", {
    placeholder: "<time>",
    description: "how long to keep an entry of an origin that cannot tell of changes; 0 keeps none",
    group: CACHE,
  }),
  memory: memorySetting("64mb", CACHE, "memory for cached entries"),
  policy: policySetting(CACHE),
  threads: setting(count({ least: "1", most: "256" }), "1", {
    placeholder: "<count>",
    description: "threads that serve clients, over one cache",
    group: CACHE,
  }),
  ...LIMIT_SETTINGS,
  maxPendingRequests: setting(size({ least: "1mb" }), "64mb", {
    placeholder: "<size>",
    description: "request bytes waiting for an origin that does not read; beyond it requests fail at once",
    group: LIMITS,
  }),
  ...LOG_SETTINGS,
};

export const proxy = subcommand({
  name: "proxy",
  summary: "run the caching proxy",
  description: "Runs the caching proxy in front of a glasscache server, a Redis or a Valkey.",
  examples: [
    ["glasscache proxy", "on localhost:8080, in front of localhost:9090"],
    ["glasscache proxy --origin redis://localhost:6379", "in front of a Redis"],
    ["glasscache proxy --memory 1gb --policy lru", "another size, another policy"],
    ["glasscache proxy --threads 4", "four threads, for more clients than one core can serve"],
  ],
  settings: SETTINGS,
  async run(config) {
    const { values } = config;
    const password = listenPassword(config);
    const limits = limitsOf(config);
    const origin = originWithPassword(config);
    const log = createLog({ level: values.logLevel, format: values.logFormat });
    endOnFault(log);
    const { startProxy } = await import("../proxy/start.ts");
    const { Supervisor } = await import("../proxy/threads/supervisor.ts");
    return serve(log, values.untilInputEnds, async () => {
      const options = {
        host: values.host,
        port: values.port,
        respOnly: values.protocol === "resp",
        password,
        limits,
        origin,
        originTimeoutMs: values.originTimeout,
        heartbeatMs: values.heartbeat,
        heartbeatTimeoutMs: values.heartbeatTimeout,
        ttlMs: values.ttl,
        originPendingBytes: values.maxPendingRequests,
        memoryBytes: values.memory,
        policy: formatPolicy(values.policy),
        version: manifest.version,
        log,
      };
      const { threads } = values;
      const started =
        threads === 1 ? await startProxy(options) : await Supervisor.open({ ...options, threads });
      const addresses = listeningAddresses(values.host);
      const shownOrigin = formatOrigin(parseOrigin(values.origin));
      log.info(
        {
          ready: {
            host: values.host,
            port: started.port,
            addresses,
            origin: shownOrigin,
            policy: formatPolicy(values.policy),
            memoryBytes: values.memory,
            threads,
          },
        },
        `listening on ${formatListening(values.host, started.port, addresses)}, ` +
          `origin ${shownOrigin}, cache of ${formatSize(values.memory)}, policy ${formatPolicy(values.policy)}` +
          (threads === 1 ? "" : `, ${threads} threads`),
      );
      return started;
    });
  },
});

/** The origin's address with the password that was given apart from it. */
function originWithPassword(config: Config<typeof SETTINGS>): string {
  const { values, labels } = config;
  const password = choosePassword(config, "originPassword", "originPasswordFile");
  if (password === undefined) return values.origin;
  const address = parseOrigin(values.origin);
  if (address.password !== undefined) {
    throw new UsageError(`${labels.origin}: holds a password already; give it once`);
  }
  const user = encodeURIComponent(address.user ?? "");
  return `redis://${user}:${encodeURIComponent(password)}@${formatOrigin(address)}`;
}
