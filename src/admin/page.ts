import { gzipSync } from "node:zlib";
import { respond, STRICT_POLICY } from "./responses.ts";

/** A page in one file but for a library, and what its content security policy must allow. */
export interface Page {
  readonly html: string;
  /** The library for charts over time, a script that the page asks for once it needs it. */
  readonly library: string;
  readonly scriptSource: string;
  readonly styleSource: string;
}

export function pageResponse({ html, scriptSource, styleSource }: Page, request: Request): Response {
  const policy = `${STRICT_POLICY}; script-src 'self' ${scriptSource}; style-src ${styleSource}; connect-src 'self'; img-src data:`;
  return compressed(request, html, "text/html; charset=utf-8", { "content-security-policy": policy });
}

export function libraryResponse({ library }: Page, request: Request): Response {
  return compressed(request, library, "text/javascript; charset=utf-8", {});
}

/** Compresses what is asked for rarely, and is large. */
function compressed(
  { headers }: Request,
  text: string,
  type: string,
  own: Readonly<Record<string, string>>,
): Response {
  const vary = { vary: "Accept-Encoding", ...own };
  if (!/\bgzip\b/.test(headers.get("accept-encoding") ?? "")) return respond(text, type, { headers: vary });
  return respond(gzipSync(text), type, { headers: { ...vary, "content-encoding": "gzip" } });
}

/** Returns a function that makes something at its first call, and again only after a failure. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
