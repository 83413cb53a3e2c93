import { checkReserved } from "../commands/reserved-memory.ts";
import { parseSize } from "../lib/quantity.ts";
import type { ProxyParts } from "./context.ts";

/** One of the proxy's own settings, under its flag's name. */
export interface OwnParameter {
  readonly name: string;
  get(): string;
  /**
   * Reads a new value. Absent if the setting cannot be changed while the proxy runs.
   * @returns a function that applies it, which returns a function that restores the old one; both may throw a
   * RangeError
   * @throws RangeError saying what is wrong with it
   */
  readonly prepare?: (text: string) => () => () => void;
}

/** The proxy's own settings, for CONFIG; all other names are the origin's. Passwords are not among them. */
export function ownParameters(proxy: ProxyParts): readonly OwnParameter[] {
  const { cache, live, settings, origin, threads } = proxy;
  const { store } = cache;
  const fixed = (name: string, value: string): OwnParameter => ({ name, get: () => value });
  return [
    fixed("origin", origin.name),
    {
      name: "memory",
      get: () => String(store.budgetBytes),
      prepare(text) {
        const bytes = parseSize(text);
        checkReserved(bytes, store.mostBudgetBytes);
        return () => {
          const before = store.budgetBytes;
          store.setBudget(bytes);
          return () => store.setBudget(before);
        };
      },
    },
    fixed("max-memory", String(store.mostBudgetBytes)),
    fixed("max-entries", String(settings.maxEntries ?? 0)),
    {
      name: "policy",
      get: () => store.policyName,
      prepare: (text) => () => {
        const before = store.policyName;
        store.setPolicy(text);
        return () => store.setPolicy(before);
      },
    },
    fixed("threads", String(threads.count)),
    fixed("warm", settings.warm ?? ""),
    fixed("allow-admin", settings.allowAdmin ? "yes" : "no"),
    fixed("cross-slot", settings.splitsWrites ? "split" : "refuse"),
    ...live.names.map(
      (name): OwnParameter => ({
        name,
        get: () => live.show(name),
        prepare: (text) => live.prepare(name, text),
      }),
    ),
    fixed("max-pending-replies", String(proxy.limits.replyBytes)),
  ];
}
