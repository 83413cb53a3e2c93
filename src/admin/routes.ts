import { API_ROUTES } from "./api.ts";
import type { Call, Handler, Method, Route } from "./call.ts";
import { listResponse } from "./list-page.ts";
import { LOGIN_ROUTES } from "./login.ts";
import { ADMIN_LINKS, learnPageAt, libraryResponse, linked, pageResponse } from "./page.ts";
import { pictureResponse } from "./pictures.ts";
import { PROBE_ROUTES } from "./probes.ts";
import { Problem } from "./problem.ts";
import { traceResponse } from "./traces.ts";

const LISTED: readonly Route[] = [...PROBE_ROUTES, ...API_ROUTES, ...LOGIN_ROUTES];

export const ROUTES: readonly Route[] = [
  {
    path: "/",
    access: "password",
    methods: { GET: async ({ desk, request }) => pageResponse(await desk.page("dashboard"), request) },
    shown: "/",
    summary: "The dashboard.",
  },
  {
    path: "/learn",
    access: "password",
    methods: { GET: (call) => learnResponse(call, "/learn") },
    shown: "/learn",
    summary: "The playground: caches and policies to step through.",
  },
  {
    path: "/learn/traces/",
    access: "password",
    methods: { GET: ({ rest }) => traceResponse(rest) },
    shown: "/learn/traces/{file}",
    summary: "A recorded trace for the playground.",
  },
  {
    path: "/learn/docs/images/",
    access: "password",
    methods: { GET: ({ rest }) => pictureResponse(rest) },
    shown: "/learn/docs/images/{file}",
    summary: "A picture that a document shows.",
  },
  {
    path: "/learn/docs/",
    access: "password",
    methods: { GET: (call) => learnResponse(call, `/learn/docs/${call.rest}`) },
    shown: "/learn/docs/{name}",
    summary: "A document; /learn/docs lists them.",
  },
  {
    path: "/learn/",
    access: "password",
    methods: { GET: (call) => learnResponse(call, `/learn/${call.rest}`) },
    shown: "/learn/{lesson}",
    summary: "A lesson; /learn/lessons lists them.",
  },
  {
    path: "/uplot.js",
    access: "password",
    methods: { GET: async ({ desk, request }) => libraryResponse(await desk.page("dashboard"), request) },
    shown: "/uplot.js",
    summary: "The dashboard's library for charts over time.",
  },
  {
    path: "/api",
    access: "password",
    methods: { GET: ({ desk }) => listResponse(desk.view.service, ROUTES) },
    shown: "/api",
    summary: "This list.",
  },
  ...LISTED,
];

/** @throws Problem with status 404 */
async function learnResponse({ desk, request }: Call, path: string): Promise<Response> {
  const name = learnPageAt(path);
  if (name === undefined)
    throw new Problem(404, "there is no such page; /learn/lessons and /learn/docs list them");
  return pageResponse(linked(await desk.page(name), ADMIN_LINKS, desk.view.service === "proxy"), request);
}

export interface FoundRoute {
  readonly route: Route;
  /** What follows the route's path. */
  readonly rest: string;
}

/** @returns undefined: there is nothing at that path */
export function findRoute(path: string): FoundRoute | undefined {
  for (const route of ROUTES) {
    if (route.path === path) return { route, rest: "" };
    const isParent = route.path.length > 1 && route.path.endsWith("/");
    if (isParent && path.startsWith(route.path)) return { route, rest: path.slice(route.path.length) };
  }
  return undefined;
}

/** HEAD is answered as GET; the runtime leaves out the body. @throws Problem with status 405 */
export function handlerOf({ methods }: Route, method: string): Handler {
  const name = method === "HEAD" ? "GET" : method;
  const handler = Object.hasOwn(methods, name) ? methods[name as Method] : undefined;
  if (handler !== undefined) return handler;
  const allowed = Object.keys(methods).flatMap((known) => (known === "GET" ? ["GET", "HEAD"] : [known]));
  throw new Problem(405, `use ${allowed.join(" or ")} here`, { allow: allowed.join(", ") });
}
