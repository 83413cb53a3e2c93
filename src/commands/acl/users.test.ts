import { describe, expect, test } from "bun:test";
import { utf8 } from "../../lib/bytes.ts";
import { SharedText } from "../../lib/shared-text.ts";
import { hashPassword } from "../../net/password-hash.ts";
import { MOST_USERS_BYTES, Users } from "./users.ts";
import { readUsers } from "./users-text.ts";

const ALL = "on nopass sanitize-payload ~* &* +@all";

describe("the default user", () => {
  test("may do everything, and needs a password if there is one", () => {
    const open = new Users(hashPassword);
    expect([open.default.text, open.needsPassword]).toEqual([ALL, false]);
    const guarded = new Users(hashPassword, "secret");
    expect([guarded.default.isUnrestricted, guarded.needsPassword]).toEqual([true, true]);
    expect(guarded.authenticate("default", utf8("secret"))).toBe(guarded.default);
    expect(guarded.authenticate("default", utf8("wrong"))).toBeUndefined();
    expect(guarded.authenticate("nobody", utf8("secret"))).toBeUndefined();
  });

  test("needs a password, too, where it is off", () => {
    const users = new Users(hashPassword);
    users.set("default", ["off"]);
    expect(users.needsPassword).toBe(true);
    expect(users.authenticate("default", utf8(""))).toBeUndefined();
  });

  test("is that of the start, with the password since, if those that replace all do not have it", () => {
    const users = new Users(hashPassword, "first");
    users.setPassword("second");
    users.set("default", ["-@all"]);
    users.set("app", ["on"]);
    users.replaceBy(readUsers("user other on", "file", hashPassword));
    expect(users.all.map(({ name }) => name)).toEqual(["default", "other"]);
    expect(users.default.isUnrestricted).toBe(true);
    expect(users.authenticate("default", utf8("second"))).toBe(users.default);
    expect(users.authenticate("default", utf8("first"))).toBeUndefined();
    users.setPassword(undefined);
    expect(users.needsPassword).toBe(false);
    users.replaceBy(readUsers("user default on >third", "file", hashPassword));
    expect(users.default.isUnrestricted).toBe(false);
  });

  test("cannot be deleted, and nobody is when it was to be", () => {
    const users = new Users(hashPassword);
    users.set("app", []);
    expect(() => users.delete(["app", "default"])).toThrow("The 'default' user cannot be removed");
    expect(users.get("app")).toBeDefined();
    expect(users.delete(["app", "nobody", "app"])).toBe(1);
    expect(users.get("app")).toBeUndefined();
  });
});

describe("a change", () => {
  test("is of all rules or none, and of the very user that clients are", () => {
    const users = new Users(hashPassword);
    users.set("app", ["on", "+get"]);
    const app = users.get("app")!;
    expect(() => users.set("app", ["-get", "+nosuch"])).toThrow(
      "Error in ACL SETUSER modifier '+nosuch': Unknown command or category name in ACL",
    );
    expect(() => users.set("new", ["+nosuch"])).toThrow("+nosuch");
    expect(() => users.set("app", ["-get", "(+set"])).toThrow(
      "Unmatched parenthesis in acl selector starting at '(+set'.",
    );
    expect(users.get("new")).toBeUndefined();
    expect(app.text).toBe("on sanitize-payload resetchannels -@all +get");
    users.set("app", ["-get"]);
    expect(app.text).toEndWith("-@all -get");
    users.replaceBy(readUsers("user app on +set", "file", hashPassword));
    expect(users.get("app")).toBe(app);
    expect(app.text).toEndWith("-@all +set");
  });

  test("makes another revision, each time", () => {
    const users = new Users(hashPassword);
    const seen = new Set([users.revision]);
    users.set("app", []);
    seen.add(users.revision);
    users.delete(["app"]);
    seen.add(users.revision);
    users.replaceBy([]);
    seen.add(users.revision);
    users.setPassword("x");
    expect(seen.add(users.revision).size).toBe(5);
  });

  test("that takes too much room is undone", () => {
    const users = new Users(hashPassword);
    users.set("app", ["~a"]);
    const app = users.get("app")!;
    const before = users.text;
    const room = MOST_USERS_BYTES - before.length;
    const most = `~${"k".repeat(room - 2)}`;
    expect(() => users.set("app", [`${most}k`])).toThrow(
      `Users may take 1048576 bytes in all; with this change they would take 1048577`,
    );
    expect([users.text, users.get("app")]).toEqual([before, app]);
    users.set("app", [most]);
    expect(users.text.length).toBe(MOST_USERS_BYTES);
  });
});

describe("users that threads share", () => {
  test("are the same in all, once each has adopted what another changed", () => {
    const shared = SharedText.create(MOST_USERS_BYTES);
    const one = new Users(hashPassword, "secret", shared);
    // What the other begins with counts for nothing: the first has begun.
    const other = new Users(hashPassword, undefined, shared);
    expect(other.text).toBe(one.text);
    one.set("app", ["on", "+get"]);
    other.refresh();
    const app = other.get("app")!;
    one.set("app", ["+set"]);
    one.set("gone", []);
    expect(other.get("gone")).toBeUndefined();
    other.refresh();
    expect(other.get("app")).toBe(app);
    expect(other.text).toBe(one.text);
    // A change is made to the newest users.
    one.delete(["gone"]);
    other.set("app", ["-get"]);
    expect(other.get("gone")).toBeUndefined();
    one.refresh();
    expect(one.text).toBe(other.text);
  });

  test("are not read again where nothing has changed", () => {
    const shared = SharedText.create(MOST_USERS_BYTES);
    const users = new Users(hashPassword, undefined, shared);
    const { revision } = users;
    users.refresh();
    expect(users.revision).toBe(revision);
    new Users(hashPassword, undefined, shared).set("app", []);
    users.refresh();
    const adopted = users.revision;
    users.refresh();
    expect(users.revision).toBe(adopted);
  });
});
