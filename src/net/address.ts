/**
 * `127.0.0.1:9090` or `[::1]:9090`. `?:0`, as in Redis, for a peer without an address: it closed its connection before
 * the connection was accepted.
 */
export function formatAddress(address: string | undefined, port: number): string {
  if (address === undefined) return "?:0";
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Whether an address is this machine's loopback: 127.0.0.0/8, ::1, or either of them as an IPv4-mapped address. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  if (address === "::1" || address.startsWith("127.")) return true;
  const mapped = address.toLowerCase();
  return mapped.startsWith("::ffff:127.") || /^::ffff:7f[0-9a-f]{2}:/.test(mapped);
}
