/** Returns the SHA-256 of a password in 64 hexadecimal digits. */
export type HashPassword = (password: Uint8Array) => string;

export function isPasswordHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** Whether a hash is among others. The time it takes does not depend on how much of it is right. */
export function isAmong(hash: string, others: readonly string[]): boolean {
  let isFound = false;
  for (const other of others) isFound = isSame(hash, other) || isFound;
  return isFound;
}

/** Looks at all digits, also behind the first one that differs. */
function isSame(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at++) difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return difference === 0;
}
