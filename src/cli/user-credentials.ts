import type { Credentials } from "../admin/access.ts";
import { DEFAULT_USER, Users } from "../commands/acl/users.ts";
import { utf8 } from "../lib/bytes.ts";
import { SharedText } from "../lib/shared-text.ts";
import { hashPassword } from "../net/password-hash.ts";

/**
 * The users of a service as those who may see everything at its admin port: those who may run every command on every
 * key. Under a name that is no user's, the default user's password will do.
 * @param buffer of the service's users
 */
export function userCredentials(buffer: SharedArrayBuffer): Credentials {
  const users = new Users(hashPassword, undefined, new SharedText(buffer));
  return {
    get areNeeded() {
      users.refresh();
      return users.needsPassword || !users.default.isUnrestricted;
    },
    check(name, password) {
      users.refresh();
      const user = users.authenticate(users.get(name) === undefined ? DEFAULT_USER : name, utf8(password));
      if (user === undefined) return "wrong";
      return user.isUnrestricted ? { user: user.name } : "restricted";
    },
    mayStill(name) {
      users.refresh();
      return users.get(name)?.isUnrestricted === true;
    },
  };
}
