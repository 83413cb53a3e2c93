/** Where a service listens. */
export interface ListeningPorts {
  /** The plain port; if there is none, the one with TLS. */
  readonly port: number;
  /** The port with TLS; undefined: there is none. */
  readonly tlsPort: number | undefined;
  /** When the certificate expires that new clients are shown, in Unix milliseconds; 0: there is no TLS. */
  readonly tlsExpiresAtMs: number;
}

/** A service that does not listen yet. */
export const NO_PORTS: ListeningPorts = { port: 0, tlsPort: undefined, tlsExpiresAtMs: 0 };

const DAY_MS = 86_400_000;

/** Returns the fields of INFO about TLS. A certificate that has expired has a negative number of days. */
export function tlsFields(
  { tlsPort, tlsExpiresAtMs }: ListeningPorts,
  nowMs: number,
): { readonly tls_port: number; readonly tls_certificate_expires_in_days: number } | Record<string, never> {
  if (tlsPort === undefined) return {};
  return {
    tls_port: tlsPort,
    tls_certificate_expires_in_days: Math.floor((tlsExpiresAtMs - nowMs) / DAY_MS),
  };
}
