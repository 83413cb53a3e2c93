import { respond, STRICT_POLICY } from "./responses.ts";

/** A page in one file, and what its content security policy must allow. */
export interface Page {
  readonly html: string;
  readonly scriptSource: string;
  readonly styleSource: string;
}

export function pageResponse({ html, scriptSource, styleSource }: Page): Response {
  const policy = `${STRICT_POLICY}; script-src ${scriptSource}; style-src ${styleSource}; connect-src 'self'; img-src data:`;
  return respond(html, "text/html; charset=utf-8", { headers: { "content-security-policy": policy } });
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
