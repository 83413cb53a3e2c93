/** Families of commands, for counting: Redis's groups, the text protocol, and commands that the tables do not have. */
export const FAMILIES = [
  ...["string", "generic", "hash", "list", "set", "sorted-set", "stream", "bitmap", "geo", "hyperloglog"],
  ...["module", "connection", "transactions", "scripting", "pubsub", "server", "cluster", "glasscache"],
  ...["text", "other"],
] as const;
export type FamilyName = (typeof FAMILIES)[number];

/** Returns the place of a family in `FAMILIES`; of `other` if there is none of that name. */
export function familyOf(group: string): number {
  const at = (FAMILIES as readonly string[]).indexOf(group);
  return at < 0 ? FAMILIES.length - 1 : at;
}

export const TEXT: number = familyOf("text");
export const OTHER: number = familyOf("other");
