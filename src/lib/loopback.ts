/** Tells whether an address is this machine's loopback: 127.0.0.0/8, ::1, or either as an IPv4-mapped address. */
export function isLoopbackAddress(address: string): boolean {
  const name = address.toLowerCase();
  if (name === "::1" || isIpv4Loopback(name.replace(/^::ffff:(?=\d+\.)/, ""))) return true;
  return /^::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}$/.test(name);
}

/**
 * Tells whether only programs on this machine can reach a host, as users write it. A name other than `localhost` may
 * mean anything.
 */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, "$1");
  return name.toLowerCase() === "localhost" || isLoopbackAddress(name);
}

function isIpv4Loopback(address: string): boolean {
  const parts = address.split(".");
  return (
    parts.length === 4 &&
    parts[0] === "127" &&
    parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)
  );
}
