import type { ToldKey } from "../../src/instruments/view.ts";

/** The path of a key's story. Paths cannot have `.` and `..`, so these go in base64. */
export function keyPath(name: ToldKey): string {
  if ("base64" in name) return `/api/keys/${encodeURIComponent(name.base64)}?encoding=base64`;
  if (/^\.{1,2}$/.test(name.text)) return `/api/keys/${btoa(name.text)}?encoding=base64`;
  return `/api/keys/${encodeURIComponent(name.text)}`;
}
