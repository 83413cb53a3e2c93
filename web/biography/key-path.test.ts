import { expect, test } from "bun:test";
import { keyPath } from "./key-path.ts";

test.each([
  [{ text: "user:1" }, "/api/keys/user%3A1"],
  [{ text: "a/b?c#d e" }, "/api/keys/a%2Fb%3Fc%23d%20e"],
  [{ text: "ключ" }, "/api/keys/%D0%BA%D0%BB%D1%8E%D1%87"],
  // A browser would take these out of the path.
  [{ text: "." }, "/api/keys/Lg==?encoding=base64"],
  [{ text: ".." }, "/api/keys/Li4=?encoding=base64"],
  [{ text: "..." }, "/api/keys/..."],
  [{ base64: "/+8=" }, "/api/keys/%2F%2B8%3D?encoding=base64"],
])("%j is at %s", (name, path) => expect(keyPath(name)).toBe(path));
