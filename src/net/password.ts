import { createHash, timingSafeEqual } from "node:crypto";

/** There are no users beside it. */
const DEFAULT_USER = "default";

/**
 * Whether `given` is the password of a service's user. Takes the same time however much of it is right.
 * @param password of the default user; undefined where every password is right
 */
export function isPasswordOf(user: string, given: Uint8Array, password: string | undefined): boolean {
  if (user !== DEFAULT_USER) return false;
  return password === undefined || timingSafeEqual(sha256(given), sha256(password));
}

function sha256(data: string | Uint8Array): Uint8Array {
  return createHash("sha256").update(data).digest();
}
