import { nearest } from "../lib/nearest.ts";
import type { KnownSettings } from "./config-file.ts";
import { UsageError } from "./exit.ts";

/** Environment variables that are meant for this program. */

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = "GLASSCACHE_";
const CONFIG = "GLASSCACHE_CONFIG";

/**
 * Variables that Kubernetes sets in every container for a service named `glasscache-proxy`, such as
 * `GLASSCACHE_PROXY_SERVICE_HOST` and `GLASSCACHE_PROXY_PORT_8080_TCP_ADDR`.
 */
const SERVICE_LINK =
  /_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/;

/** Variables with this program's prefix that are not settings of this subcommand. */
export function strangeVariables(
  environment: Environment,
  { name, settingNames }: { readonly name: string; readonly settingNames: ReadonlySet<string> },
): string[] {
  const own = new Set([CONFIG, ...variablesOf({ [name]: settingNames })]);
  return setVariables(environment).filter((variable) => !own.has(variable));
}

/**
 * Refuses variables that would otherwise be silently ignored: those that begin with a subcommand's name and are not
 * one of its settings, and those that resemble the name of a setting. Other variables may belong to another program.
 * @throws UsageError with one line for each
 */
export function refuseUnknownVariables(environment: Environment, known: KnownSettings): void {
  const names = variablesOf(known);
  const problems: string[] = [];
  for (const variable of setVariables(environment)) {
    if (variable === CONFIG || names.includes(variable)) continue;
    const subcommand = Object.keys(known).find((name) => variable.startsWith(prefixOf(name)));
    const meant =
      subcommand === undefined
        ? nearestVariable(variable, names, PREFIX)
        : nearestVariable(variable, names, prefixOf(subcommand));
    if (subcommand === undefined && meant === undefined) continue;
    const advice = meant === undefined ? "" : `; did you mean ${meant}?`;
    problems.push(`${variable}: there is no such setting${advice}`);
  }
  if (problems.length > 0) throw new UsageError(...problems);
}

function setVariables(environment: Environment): string[] {
  return Object.keys(environment).filter(
    (name) => name.startsWith(PREFIX) && environment[name] && !SERVICE_LINK.test(name),
  );
}

function variablesOf(known: KnownSettings): string[] {
  return Object.entries(known).flatMap(([subcommand, settings]) =>
    [...settings].flatMap((setting) => {
      const suffix = setting.toUpperCase().replaceAll("-", "_");
      return [`${PREFIX}${suffix}`, `${prefixOf(subcommand)}${suffix}`];
    }),
  );
}

function prefixOf(subcommand: string): string {
  return `${PREFIX}${subcommand.toUpperCase()}_`;
}

/** Compares names without their common prefix, which would make all of them similar. */
function nearestVariable(variable: string, names: readonly string[], prefix: string): string | undefined {
  const bare = (name: string) => name.slice(prefix.length);
  const meant = nearest(bare(variable), names.filter((name) => name.startsWith(prefix)).map(bare));
  return meant === undefined ? undefined : prefix + meant;
}
