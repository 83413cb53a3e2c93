/**
 * `127.0.0.1:9090` or `[::1]:9090`. `?:0`, as in Redis, for a peer without an address: it closed its connection before
 * the connection was accepted.
 */
export function formatAddress(address: string | undefined, port: number): string {
  if (address === undefined) return "?:0";
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
