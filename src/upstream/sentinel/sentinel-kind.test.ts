import { expect, test } from "bun:test";
import { readOrigin } from "../origin-kinds.ts";

test.each([
  ["redis+sentinel://a:1,b:2/main", { name: "a:1,b:2/main", hasPassword: false, isSecure: false }],
  ["rediss+sentinel://a/main", { name: "a:26379/main", hasPassword: false, isSecure: true }],
  ["valkey+sentinel://[::1],[::2]:7/main", { name: "[::1]:26379,[::2]:7/main" }],
  ["redis+sentinel://:secret@a/main?db=3", { name: "a:26379/main", hasPassword: true }],
  ["redis+sentinel://me@a/my%2Fmain", { name: "a:26379/my/main", lacksPassword: true }],
  ["redis+sentinel://me:se%3Fcret@a/main", { hasPassword: true, lacksPassword: false }],
  ["redis+sentinel://a/main?sentinel-password=p@ss", { name: "a:26379/main", hasPassword: false }],
  ["redis+sentinel://a/main?sentinel-password=secret", { name: "a:26379/main", hasPassword: false }],
  ["redis+sentinel://a/main?db=2&sentinel-user=me&sentinel-password=secret", { name: "a:26379/main" }],
])("%s", (text, expected) => {
  expect(readOrigin(text)).toMatchObject(expected);
});

test.each([
  ["redis+sentinel://a:1", "names no primary; the form is redis+sentinel://host:port,host:port/name"],
  ["redis+sentinel://:secret@a:1/", "names no primary"],
  ["redis+sentinel://:secret@a:1/main/2", "names no primary"],
  ["redis+sentinel://:secret@/main", "names no host"],
  ["redis+sentinel://:secret@a:1,,b/main", "names no host, or an empty one"],
  ["redis+sentinel://a/main?sentinel-password=x&secret", "has an unknown parameter; only db, sentinel-user"],
  ["redis+sentinel://a/main?sentinel-password=secret&sentinel-password=secret", "twice"],
  ["redis+sentinel://a/main?sentinel-user=secret", "without a password (sentinel-password)"],
  ["redis+sentinel://:secret@a/main?db=x", 'names the database "x", which is not a number'],
  ["redis+sentinel://me:se?secret@a/main", "has an unknown parameter"],
  ["redis+sentinel://:secret@a/%", "not valid in a URL"],
])("%s is refused without repeating a password", (text, message) => {
  expect(() => readOrigin(text)).toThrow(RangeError);
  expect(() => readOrigin(text)).toThrow(message);
  expect(() => readOrigin(text)).not.toThrow("secret");
});
