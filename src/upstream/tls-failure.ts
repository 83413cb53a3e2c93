import type { ClientTls } from "../lib/tls.ts";

/** Errors of the connection; all others are about the certificate. */
const CONNECTION_ERRORS: ReadonlySet<string> = new Set(["EPROTO", "ECONNRESET"]);

/**
 * Returns why a TLS handshake with the origin does not count, in words that say what to do; undefined: it counts, for
 * any certificate will do.
 */
export function handshakeFailure(
  error: Error | null,
  { isInsecure, authorities }: ClientTls,
): string | undefined {
  const { code = "", message = "" } = (error ?? {}) as { readonly code?: string; readonly message?: string };
  if (CONNECTION_ERRORS.has(code)) {
    if (message.includes("WRONG_VERSION_NUMBER")) return "it does not speak TLS on this port; use redis://";
    return `the TLS handshake failed: ${message}`;
  }
  if (isInsecure) return undefined;
  switch (code) {
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `its certificate is for other names; --origin-server-name says which one to expect (${message})`;
    case "CERT_HAS_EXPIRED":
      return "its certificate has expired";
    case "CERT_NOT_YET_VALID":
      return "its certificate is not valid yet; compare the clocks";
    default:
      return authorities === undefined
        ? `no authority that the system trusts vouches for its certificate; --origin-ca names others (${message})`
        : `no authority in --origin-ca vouches for its certificate (${message})`;
  }
}

/** What the origin says by an alert of TLS (RFC 8446, section 6); undefined: the error is another one. */
export function tlsAlert(error: Error): string | undefined {
  const { code, message } = error as Error & { readonly code?: string };
  if (code !== "EPROTO") return undefined;
  if (message.includes("CERTIFICATE_REQUIRED")) {
    return "it requires a certificate of the proxy; --origin-cert and --origin-key name one";
  }
  if (/UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_(EXPIRED|REVOKED|UNKNOWN)/.test(message)) {
    return `it refuses the certificate in --origin-cert (${message})`;
  }
  return `the TLS connection failed: ${message}`;
}
