/** What is kept in the address behind `#`: parts such as `guess=9,19`, with `&` between them. */

export function addressPart(hash: string, name: string): string | undefined {
  return partsOf(hash).find(([part]) => part === name)?.[1];
}

/** Returns what stands behind `#` once some parts have changed. An empty part goes. */
export function withParts(hash: string, changes: Readonly<Record<string, string>>): string {
  const others = partsOf(hash).filter(([name]) => changes[name] === undefined);
  const parts = [...others, ...Object.entries(changes)].filter(([, value]) => value !== "");
  return `#${parts.map(([name, value]) => `${name}=${value}`).join("&")}`;
}

function partsOf(hash: string): (readonly [name: string, value: string])[] {
  return [...hash.matchAll(/[#&]([a-z]+)=([^&]*)/g)].map(([, name, value]) => [name!, value!] as const);
}
