import { Problem } from "./problem.ts";

/**
 * Refuses requests that a page of another origin makes. Such a page cannot read the answer, but it could change
 * settings with the user's own rights, or take up all streams. Programs other than browsers send none of these headers.
 * @throws Problem with status 403
 */
export function checkOrigin(headers: Headers): void {
  const origin = headers.get("origin");
  const host = headers.get("host") ?? "";
  // A proxy in front of this port may have taken TLS off.
  const isForeign = origin !== null && origin !== `http://${host}` && origin !== `https://${host}`;
  if (isForeign || isForeignFetch(headers)) {
    throw new Problem(403, "a page of another origin may not use this port");
  }
}

/** Requests without an `Origin` header, such as an image's. Following a link to this port is fine. */
function isForeignFetch(headers: Headers): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== "cross-site" && site !== "same-site") return false;
  return headers.get("sec-fetch-mode") !== "navigate" || headers.get("sec-fetch-dest") !== "document";
}

/**
 * Requires JSON of everything that changes something: a form of another site cannot send that type.
 * @throws Problem with status 415
 */
export function checkContentType(headers: Headers): void {
  const type = (headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  if (type !== "application/json") throw new Problem(415, "send the header Content-Type: application/json");
}
