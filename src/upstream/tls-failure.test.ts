import { describe, expect, test } from "bun:test";
import { handshakeFailure, tlsAlert } from "./tls-failure.ts";

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

const EXPIRED = failure("CERT_HAS_EXPIRED", "certificate has expired");

describe("a TLS handshake", () => {
  test.each([
    ["EPROTO", "wrong: WRONG_VERSION_NUMBER", "it does not speak TLS on this port; use redis://"],
    ["EPROTO", "no shared cipher", "the TLS handshake failed: no shared cipher"],
    ["ECONNRESET", "reset", "the TLS handshake failed: reset"],
    [
      "ERR_TLS_CERT_ALTNAME_INVALID",
      "not a",
      "its certificate is for other names; --origin-server-name says which one to expect (not a)",
    ],
    ["CERT_HAS_EXPIRED", "expired", "its certificate has expired"],
    ["CERT_NOT_YET_VALID", "early", "its certificate is not valid yet; compare the clocks"],
    [
      "SELF_SIGNED",
      "self-signed",
      "no authority that the system trusts vouches for its certificate; --origin-ca names others (self-signed)",
    ],
  ])("that fails with %s says what to do: %s", (code, message, reason) => {
    expect(handshakeFailure(failure(code, message), { isInsecure: false })).toBe(reason);
  });

  test("says that the given authorities do not vouch for the certificate", () => {
    const tls = { isInsecure: false, authorities: "one" };
    expect(handshakeFailure(failure("SELF_SIGNED", "self-signed"), tls)).toBe(
      "no authority in --origin-ca vouches for its certificate (self-signed)",
    );
  });

  test("counts with any certificate if that is wanted, but not without TLS", () => {
    const tls = { isInsecure: true };
    expect(handshakeFailure(EXPIRED, tls)).toBeUndefined();
    expect(handshakeFailure(null, tls)).toBeUndefined();
    expect(handshakeFailure(failure("ECONNRESET", "reset"), tls)).toBe("the TLS handshake failed: reset");
  });

  test("that fails without an error is one for an unknown authority", () => {
    expect(handshakeFailure(null, { isInsecure: false })).toEndWith("--origin-ca names others ()");
  });
});

describe("an alert", () => {
  test.each([
    [
      "tlsv13 alert CERTIFICATE_REQUIRED",
      "it requires a certificate of the proxy; --origin-cert and --origin-key name one",
    ],
    ["TLSV1_ALERT_UNKNOWN_CA", "it refuses the certificate in --origin-cert (TLSV1_ALERT_UNKNOWN_CA)"],
    ["BAD_CERTIFICATE", "it refuses the certificate in --origin-cert (BAD_CERTIFICATE)"],
    ["CERTIFICATE_EXPIRED", "it refuses the certificate in --origin-cert (CERTIFICATE_EXPIRED)"],
    ["DECODE_ERROR", "the TLS connection failed: DECODE_ERROR"],
  ])("%s says what to do", (message, reason) => {
    expect(tlsAlert(failure("EPROTO", message))).toBe(reason);
  });

  test("is told apart from other errors of a connection", () => {
    expect(tlsAlert(failure("ECONNRESET", "CERTIFICATE_REQUIRED"))).toBeUndefined();
  });
});
