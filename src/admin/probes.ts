import type { HealthReport } from "../instruments/view.ts";
import type { Call, Route } from "./call.ts";
import { EXPOSITION_TYPE, exposition } from "./exposition.ts";
import { respond, respondJson, respondText } from "./responses.ts";

/** What orchestrators and Prometheus ask for. */
export const PROBE_ROUTES: readonly Route[] = [
  {
    path: "/health",
    access: "open",
    methods: { GET: (call) => probe(call, ({ alive }) => alive, "alive", "stuck") },
    shown: "/health",
    summary: "Whether the threads make progress: alive, or stuck with status 503.",
  },
  {
    path: "/ready",
    access: "open",
    methods: { GET: (call) => probe(call, ({ ready }) => ready, "ready", "unready") },
    shown: "/ready",
    summary: "Whether requests can be served: ready, or unready with status 503.",
  },
  {
    path: "/metrics",
    access: "metrics",
    methods: {
      GET: ({ desk }) => respond(exposition(desk.view.metrics()), EXPOSITION_TYPE),
    },
    shown: "/metrics",
    summary: "All figures for Prometheus.",
  },
];

/** Tells anybody one word, and the whole report to clients that ask for JSON and know the password. */
function probe(
  { request, address, desk }: Call,
  isGood: (report: HealthReport) => boolean,
  good: string,
  bad: string,
): Response {
  const wantsJson = /\bapplication\/json\b/i.test(request.headers.get("accept") ?? "");
  const isKnown = wantsJson && mayRead(request.headers, address, desk.access);
  const report = desk.view.health();
  const status = isGood(report) ? 200 : 503;
  if (isKnown) return respondJson({ service: desk.view.service, ...report }, { status });
  return respondText(`${isGood(report) ? good : bad}\n`, { status });
}

/** @throws Problem if the client sent a wrong password */
function mayRead(headers: Headers, address: string, access: Call["desk"]["access"]): boolean {
  if (!access.needsPassword) return true;
  if (!headers.has("authorization") && !headers.has("cookie")) return false;
  try {
    access.check(headers, address);
    return true;
  } catch (error) {
    // A cookie may be another port's, or expired.
    if (headers.has("authorization")) throw error;
    return false;
  }
}
