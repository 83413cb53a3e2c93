import { createHash } from "node:crypto";

/** Returns the SHA-256 of a password in 64 hexadecimal digits, as ACL files have it. */
export function hashPassword(password: Uint8Array): string {
  return createHash("sha256").update(password).digest("hex");
}
