import type { AdminSettings, InstrumentsFlags } from "../admin/thread-messages.ts";
import { isLoopbackHost } from "../lib/loopback.ts";
import type { ServerTls } from "../lib/tls.ts";
import { formatPolicy, parsePolicy, policyNames, policyType } from "../policy/registry.ts";
import type { ListenAccess } from "./access-settings.ts";
import type { Config } from "./config.ts";
import { UsageError } from "./exit.ts";
import { choice, count, optionalSetting, type Reader, setting, switchSetting } from "./setting.ts";

const INSTRUMENTS = "Instruments:";

/** The policies that are simulated by default, besides the present one. */
const USUAL_POLICIES = "lru,s3-fifo,sieve,2q,arc,lirs,w-tinylfu";
const LEAST_BUDGET = 0.001;
/** Each is three series, and others whenever the busiest families change. */
const MOST_METRICS_FAMILIES = "100";

export const PROXY_ADMIN = "localhost:8081";
export const SERVER_ADMIN = "localhost:9091";

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Settings of the port at which instruments tell what they see. */
export function adminSettings(defaultAdmin: string) {
  return {
    admin: setting(adminAddress, defaultAdmin, {
      placeholder: "<host:port|off>",
      description: "where metrics, health and the API are served; docs/ADMIN.md describes them",
      group: INSTRUMENTS,
    }),
    adminHosts: optionalSetting(names, {
      placeholder: "<names>",
      description: "names by which browsers may reach the admin port, besides addresses and localhost",
      group: INSTRUMENTS,
    }),
    adminTls: setting(choice("yes", "no"), "yes", {
      placeholder: "<yes|no>",
      description:
        "with --tls-cert: whether the admin port speaks TLS, too; it asks for no client certificates",
      group: INSTRUMENTS,
    }),
    metricsOpen: switchSetting({
      description: "serve /metrics without the password",
      group: INSTRUMENTS,
    }),
  };
}

/** Settings of the instruments of a proxy. */
export function instrumentSettings() {
  return {
    instruments: setting(choice("on", "off"), "on", {
      placeholder: "<on|off>",
      description: "measure what the cache does: what-if, hot keys, biographies, history",
      group: INSTRUMENTS,
    }),
    ...adminSettings(PROXY_ADMIN),
    instrumentsBudget: setting(percentage, "3%", {
      placeholder: "<percent>",
      description: "share of one processor that simulations may take; they sample fewer keys to keep to it",
      group: INSTRUMENTS,
    }),
    whatIfPolicies: setting(policyList, USUAL_POLICIES, {
      placeholder: "<policies>",
      description: "policies to simulate on the present traffic, besides the one in use; or all",
      group: INSTRUMENTS,
    }),
    originCost: optionalSetting(price, {
      placeholder: "<price>",
      description: "price of a million requests to the origin, to tell what another cache would save",
      group: INSTRUMENTS,
    }),
    // Off by default: names of families are made of names of keys, and what scrapes /metrics keeps them elsewhere.
    metricsFamilies: setting(count({ most: MOST_METRICS_FAMILIES }), "0", {
      placeholder: "<count>",
      description: "families of keys to tell in /metrics, those with the most requests; 0 for none",
      group: INSTRUMENTS,
    }),
    memoryCost: optionalSetting(price, {
      placeholder: "<price>",
      description: "price of a gigabyte of memory for a month",
      group: INSTRUMENTS,
    }),
  };
}

type AdminFlags = ReturnType<typeof adminSettings>;
type InstrumentFlags = ReturnType<typeof instrumentSettings>;

const NO_SIMULATIONS: InstrumentsFlags = {
  policies: [],
  budget: 0,
  originCost: undefined,
  memoryCost: undefined,
  metricsFamilies: 0,
};

/** How the instruments are to run. */
export interface InstrumentsPlan {
  readonly settings: InstrumentsFlags;
  readonly admin: AdminSettings | undefined;
  /** Whether a taken port ends the program: it does if the user has chosen it. */
  readonly needsPort: boolean;
}

/**
 * How the instruments of a proxy are to run.
 * @returns undefined if there are to be none
 * @throws UsageError if others could reach the admin port without a password
 */
export function instrumentsPlan(
  config: Config<InstrumentFlags>,
  { isGuarded }: ListenAccess,
  tls: ServerTls | undefined,
): InstrumentsPlan | undefined {
  const { values } = config;
  if (values.instruments === "off") return undefined;
  const { whatIfPolicies: policies, instrumentsBudget: budget, originCost, memoryCost } = values;
  const { metricsFamilies } = values;
  return planOf(config, { isGuarded, tls }, { policies, budget, originCost, memoryCost, metricsFamilies });
}

/** The same of a server, which has figures only. */
export function adminPlan(
  config: Config<AdminFlags>,
  { isGuarded }: ListenAccess,
  tls: ServerTls | undefined,
): InstrumentsPlan | undefined {
  return config.values.admin === "off" ? undefined : planOf(config, { isGuarded, tls }, NO_SIMULATIONS);
}

function planOf(
  { values, labels, ranks }: Config<AdminFlags>,
  { isGuarded, tls }: { readonly isGuarded: boolean; readonly tls: ServerTls | undefined },
  settings: InstrumentsFlags,
): InstrumentsPlan {
  const { admin, adminHosts = [], metricsOpen: openMetrics } = values;
  const needsPort = ranks.admin > 0;
  if (admin === "off") return { settings, admin: undefined, needsPort };
  if (!isGuarded && !isLoopbackHost(admin.host)) {
    throw new UsageError(
      `${labels.admin}: without a password, listening on ${admin.host} would let anybody who reaches it read ` +
        "keys and change the policy; give --password-file, or listen on localhost",
    );
  }
  const adminTls = values.adminTls === "yes" ? tls : undefined;
  return { settings, admin: { ...admin, tls: adminTls, openMetrics, adminHosts }, needsPort };
}

const adminAddress: Reader<Address | "off"> = (given) => {
  if (given.toLowerCase() === "off") return "off";
  const match = /^(?:(\[[0-9a-f:]+\]|[^:\s]+):)?([0-9]{1,5})$/i.exec(given);
  const port = match === null ? Number.NaN : Number(match[2]);
  if (!(port >= 0 && port <= 65_535)) {
    throw new RangeError(`"${given}" is neither off nor an address such as localhost:8081`);
  }
  return { host: (match![1] ?? "localhost").replace(/^\[|\]$/g, ""), port };
};

const names: Reader<readonly string[]> = (given) => {
  const list = given.split(",").map((name) => name.trim());
  const wrong = list.find((name) => !/^[a-z0-9.-]+$/i.test(name));
  if (wrong !== undefined) throw new RangeError(`"${wrong}" is not the name of a host`);
  return list;
};

const percentage: Reader<number> = (given) => {
  const match = /^([0-9]+(?:\.[0-9]+)?)\s*%$/.exec(given);
  const share = match === null ? Number.NaN : Number(match[1]) / 100;
  if (!(share >= LEAST_BUDGET && share <= 1)) {
    throw new RangeError(`"${given}" is not a percentage from ${LEAST_BUDGET * 100}% to 100%`);
  }
  return share;
};

const price: Reader<number> = (given) => {
  const value = /^[0-9]+(?:\.[0-9]+)?$/.test(given) ? Number(given) : Number.NaN;
  if (Number.isNaN(value)) throw new RangeError(`"${given}" is not a price such as 0.4`);
  return value;
};

const policyList: Reader<readonly string[]> = (given) => {
  if (given.toLowerCase() === "all") return policyNames().filter((name) => policyType(name).offline !== true);
  // A comma within parentheses belongs to the parameters of a policy.
  const policies = given.split(/,(?![^(]*\))/).map((name) => parsePolicy(name));
  const offline = policies.find(({ type }) => type.offline === true);
  if (offline !== undefined) {
    throw new RangeError(`${formatPolicy(offline)} needs to know the future; the optimum is told anyway`);
  }
  return [...new Set(policies.map(formatPolicy))];
};
