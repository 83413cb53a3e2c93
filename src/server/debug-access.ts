/** Which clients may use DEBUG: none, those on this machine, all. */
export type DebugAccess = "no" | "local" | "yes";

/** Whether a client may use DEBUG. @param isLocal whether the client is on this machine */
export function mayDebug(access: DebugAccess, isLocal: boolean): boolean {
  return access === "yes" || (access === "local" && isLocal);
}
