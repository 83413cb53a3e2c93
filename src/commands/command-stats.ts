import type { InfoFields } from "./info.ts";

/** The calls of one command. */
export interface CommandCalls {
  /** In lower case. */
  readonly name: string;
  readonly calls: number;
  /** All calls together, in microseconds. */
  readonly micros: number;
  /** Calls answered with an error of the service's own. */
  readonly failed: number;
}

/** The fields of INFO's section Commandstats, as Redis has them. Commands that were not called are left out. */
export function commandStats(commands: readonly CommandCalls[], prefix = ""): InfoFields {
  const fields = commands
    .filter(({ calls }) => calls > 0)
    .map(({ name, calls, micros, failed }): [string, string] => [
      `${prefix}cmdstat_${name}`,
      `calls=${calls},usec=${Math.round(micros)},usec_per_call=${(micros / calls).toFixed(2)},` +
        `rejected_calls=0,failed_calls=${failed}`,
    ]);
  return Object.fromEntries(fields);
}
