import type { MetricRow, NumberRow } from "./number-table.ts";

interface RequestsRow extends NumberRow {
  readonly kind: "counter";
}

/** Returns a row for the requests of each family with each result. */
export function requestRows<Family extends string, Result extends string>(
  families: readonly Family[],
  results: readonly Result[],
): Readonly<Record<`${Family} ${Result}`, RequestsRow>> {
  return Object.fromEntries(
    families.flatMap((family) =>
      results.map((result): [string, RequestsRow] => [
        `${family} ${result}`,
        {
          ...{ kind: "counter", metric: "glasscache_requests_total", labels: { family, result } },
          // Most families never have most results.
          isSparse: family !== "string",
        },
      ]),
    ),
  ) as Readonly<Record<`${Family} ${Result}`, RequestsRow>>;
}

/** When the certificate of the port with TLS expires; absent if there is none. */
export const TLS_EXPIRY = {
  kind: "gauge",
  metric: "glasscache_tls_certificate_expiry_timestamp_seconds",
  isSparse: true,
} as const;

/** What users were refused. */
export const REFUSALS = {
  refusedPasswords: refusal("auth"),
  refusedCommands: refusal("command"),
  refusedKeys: refusal("key"),
  refusedChannels: refusal("channel"),
} as const;

function refusal(reason: string): RequestsRow & { readonly labels: { readonly reason: string } } {
  return { kind: "counter", metric: "glasscache_access_denied_total", labels: { reason }, isSparse: true };
}

/** The metrics of clients' connections, the same of every service. */
export const CONNECTION_METRICS: readonly MetricRow[] = [
  { name: "glasscache_connections", kind: "gauge", help: "Open connections of clients." },
  {
    name: "glasscache_connections_total",
    kind: "counter",
    help:
      "Connections of clients: accepted, refused (too many were open), cut (too many replies were left unread). Only " +
      "the first should grow.",
  },
  {
    name: "glasscache_received_bytes_total",
    kind: "counter",
    help: "Bytes of requests received from clients.",
  },
  {
    name: "glasscache_access_denied_total",
    kind: "counter",
    help:
      "What users were refused: auth (a wrong password), or a command, key or channel beyond their rights. ACL LOG " +
      "tells whom.",
  },
  { name: "glasscache_sent_bytes_total", kind: "counter", help: "Bytes of replies sent to clients." },
  {
    name: "glasscache_tls_certificate_expiry_timestamp_seconds",
    kind: "gauge",
    help: "When the certificate that clients are shown expires, in Unix seconds. Replace it some weeks before, and send SIGHUP.",
  },
];
