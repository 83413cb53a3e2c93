/** How ports and connections use TLS 1.2 and 1.3. Certificates and keys are PEM text. */

/** A certificate, with the certificates between it and its authority, and its private key. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly key: string;
  /** When the certificate expires, in Unix milliseconds. */
  readonly expiresAtMs: number;
}

/** Whether clients must show a certificate, may, or are not asked for one. One that is shown must be valid. */
export type ClientCertificates = "require" | "optional" | "off";

/** TLS on a port. */
export interface ServerTls {
  readonly identity: TlsIdentity;
  /** The certificates of the authorities that vouch for clients; undefined only if clients are not asked. */
  readonly authorities: string | undefined;
  readonly clients: ClientCertificates;
}

/** TLS on a connection to a server. */
export interface ClientTls {
  /** Shown to a server that asks for a certificate. */
  readonly identity?: TlsIdentity | undefined;
  /** The certificates of the authorities that vouch for the server; those that the system trusts by default. */
  readonly authorities?: string | undefined;
  /** The name that the server's certificate must be for; the host by default. */
  readonly serverName?: string | undefined;
  /** Whether any certificate of the server will do. Then anybody on the way can read and change everything. */
  readonly isInsecure: boolean;
}

/** The versions of TLS, by the numbers of the protocol (RFC 8446, section 4.2.1). */
const TLS_1_2 = 0x0303;

/** The form in which the runtime's sockets and HTTP server take it. */
export function serverTlsOptions({ identity, authorities, clients }: ServerTls) {
  return {
    cert: identity.certificate,
    key: identity.key,
    minVersion: TLS_1_2,
    // The runtime does not end handshakes with foreign certificates; the listener does.
    ...(clients !== "off" && { ca: authorities, requestCert: true, rejectUnauthorized: false }),
  };
}

export function clientTlsOptions({ identity, authorities, serverName, isInsecure }: ClientTls, host: string) {
  return {
    ...(identity && { cert: identity.certificate, key: identity.key }),
    ...(authorities !== undefined && { ca: authorities }),
    // Names are not sent for addresses (RFC 6066, section 3).
    serverName: serverName ?? host,
    minVersion: TLS_1_2,
    rejectUnauthorized: !isInsecure,
  };
}
