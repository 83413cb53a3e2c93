/**
 * The rules that hold for the decisions of every policy. The suite that all policies here pass judges by them, and so
 * does the playground, in which readers write their own. Each function says what is wrong, or returns nothing.
 */

/** What is resident. */
export interface Residents {
  /** How many entries. */
  readonly count: number;
  /** @param slot any whole number ≥ 1 */
  has(slot: number): boolean;
}

/** An entry is evicted if there is one, and only an entry that is there. */
export function faultOfVictim(victim: unknown, residents: Residents): string | undefined {
  const said = `evict returned ${valueText(victim)}`;
  if (residents.count === 0) {
    return victim === 0 ? undefined : `${said}, but nothing is resident: 0 says so`;
  }
  if (victim === 0) {
    const left = residents.count === 1 ? "1 entry is" : `${residents.count} entries are`;
    return `${said}, which says that nothing is resident, but ${left}: the policy has lost sight of what it holds`;
  }
  if (!isSlot(victim)) return `${said}, which is no slot: slots are whole numbers from 1 on`;
  return residents.has(victim) ? undefined : `${said}, but no entry is resident in slot ${victim}`;
}

/** What a policy shows of its entries is each resident entry, once. */
export function faultOfOrder(
  order: Iterable<unknown>,
  residents: Residents,
  shows: string,
): string | undefined {
  const seen = new Set<number>();
  for (const slot of order) {
    if (!isSlot(slot))
      return `${shows} ${valueText(slot)}, which is no slot: slots are whole numbers from 1 on`;
    if (!residents.has(slot)) return `${shows} slot ${slot}, in which no entry is resident`;
    if (seen.has(slot)) return `${shows} slot ${slot} twice`;
    seen.add(slot);
  }
  if (seen.size === residents.count) return undefined;
  return `${shows} ${seen.size} of ${residents.count} resident entries`;
}

function isSlot(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1;
}

const LONGEST = 40;

/** Any value, short enough to stand in a sentence. */
function valueText(value: unknown): string {
  if (value === undefined) return "nothing (undefined)";
  if (typeof value === "number" || typeof value === "boolean" || value === null) return String(value);
  if (typeof value === "string") return `the text ${JSON.stringify(value.slice(0, LONGEST))}`;
  if (typeof value === "bigint") return `the bigint ${String(value).slice(0, LONGEST)}n`;
  if (Array.isArray(value)) return "an array";
  return value instanceof Promise ? "a promise" : `a value of type ${typeof value}`;
}
