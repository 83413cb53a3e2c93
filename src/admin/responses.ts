import type { Problem } from "./problem.ts";

/** Loads nothing, and is shown within no other page. Pages add what they need. */
export const STRICT_POLICY =
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Headers of every response. */
const COMMON_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": STRICT_POLICY,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cache-control": "no-store",
};

export interface ResponseOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A response with the headers that all have. */
export function respond(
  body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null,
  contentType: string,
  { status = 200, headers = {} }: ResponseOptions = {},
): Response {
  return new Response(body, {
    status,
    headers: { ...COMMON_HEADERS, "content-type": contentType, ...headers },
  });
}

export function respondJson(value: unknown, options?: ResponseOptions): Response {
  return respond(`${JSON.stringify(value)}\n`, "application/json; charset=utf-8", options);
}

export function respondText(text: string, options?: ResponseOptions): Response {
  return respond(text, "text/plain; charset=utf-8", options);
}

/** `{ "error": "one sentence" }` */
export function respondProblem({ status, message, headers }: Problem): Response {
  return respondJson({ error: message }, { status, headers });
}
