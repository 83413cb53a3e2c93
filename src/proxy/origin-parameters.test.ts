import { expect, test } from "bun:test";
import { isSecret, maySetAtOrigin } from "./origin-parameters.ts";

test("any client may set what only decides about reports, layout and the freeing of memory", () => {
  for (const name of [
    "slowlog-max-len",
    "hash-max-listpack-value",
    "lfu-decay-time",
    "notify-keyspace-events",
  ]) {
    expect(maySetAtOrigin(name)).toBe(true);
  }
  for (const name of ["maxmemory", "maxmemory-policy", "save", "requirepass"]) {
    expect(maySetAtOrigin(name)).toBe(false);
  }
});

test("passwords and users are secret, and what looks like one", () => {
  const secret = ["requirepass", "MasterUser", "tls-key-file-pass", "sentinel-user", "my-passphrase"];
  for (const name of [...secret, "any-password", "any-pass", "the-secret-of"])
    expect(isSecret(name)).toBe(true);
  for (const name of ["maxmemory", "passive", "pass-limit", "user"]) expect(isSecret(name)).toBe(false);
});
