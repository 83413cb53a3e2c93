import { expect, test } from "bun:test";
import { NO_PORTS, tlsFields } from "./listening-ports.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

test("INFO tells of TLS where there is some, and of the whole days until the certificate expires", () => {
  expect(tlsFields(NO_PORTS, 0)).toEqual({});
  const days = (tlsExpiresAtMs: number, nowMs: number) =>
    tlsFields({ port: 1, tlsPort: 2, tlsExpiresAtMs }, nowMs);
  expect(days(10 * DAY_MS, 0)).toEqual({ tls_port: 2, tls_certificate_expires_in_days: 10 });
  expect(days(10 * DAY_MS, 1)).toMatchObject({ tls_certificate_expires_in_days: 9 });
  expect(days(10 * DAY_MS, 10 * DAY_MS)).toMatchObject({ tls_certificate_expires_in_days: 0 });
  expect(days(10 * DAY_MS, 10 * DAY_MS + 1)).toMatchObject({ tls_certificate_expires_in_days: -1 });
});
