import { createHash, timingSafeEqual } from "node:crypto";

/** The only user. */
const DEFAULT_USER = "default";

/**
 * Whether `given` is the password of `user`. The time it takes does not depend on how much of `given` is right.
 * @param password the default user's; undefined if any password will do
 */
export function isPasswordOf(user: string, given: Uint8Array, password: string | undefined): boolean {
  if (user !== DEFAULT_USER) return false;
  return password === undefined || timingSafeEqual(sha256(given), sha256(password));
}

function sha256(data: string | Uint8Array): Uint8Array {
  return createHash("sha256").update(data).digest();
}
