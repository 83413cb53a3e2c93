/**
 * `127.0.0.1:9090`, `[::1]:9090`; `?:0`, as Redis says, for a peer that had gone before it was accepted: its
 * socket has no addresses.
 */
export function formatAddress(address: string | undefined, port: number): string {
  if (address === undefined) return "?:0";
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
