import { HOT_BY } from "../instruments/view.ts";
import type { Call, Route } from "./call.ts";
import { readJson } from "./json-body.ts";
import { choice, textMembers, wholeNumber } from "./parameters.ts";
import { Problem } from "./problem.ts";
import { respond, respondJson } from "./responses.ts";
import { base64Decoded, percentDecoded } from "./target.ts";

const MOST_SHARDS = 65_535;
const HISTORY_STEPS = 4_000;
const DEFAULT_HISTORY_MS = 600_000;
const DAY_MS = 86_400_000;
const LATEST_MS = 8_640_000_000_000_000;

/** What programs and the page read, and what may be changed. */
export const API_ROUTES: readonly Route[] = [
  {
    path: "/api/counters",
    access: "password",
    methods: {
      GET: ({ desk: { view, clock } }) =>
        respondJson({ atMs: clock.wallMs(), service: view.service, metrics: view.metrics() }),
    },
    shown: "/api/counters",
    summary: "All figures of /metrics, with a sentence about each.",
  },
  {
    path: "/api/history",
    access: "password",
    parameters: ["from", "step"],
    methods: { GET: history },
    shown: "/api/history?from=&step=",
    summary: "Figures over time, for up to two days.",
  },
  {
    path: "/api/marks",
    access: "password",
    methods: {
      POST: async (call) => {
        const { text } = await members(call, ["text"]);
        call.desk.view.mark(text);
        return respondJson({});
      },
    },
    shown: 'POST /api/marks { "text" }',
    summary: "Marks this moment in the history.",
  },
  {
    path: "/api/hot",
    access: "password",
    parameters: ["by", "count"],
    methods: {
      GET: ({ query, desk: { view } }) =>
        respondJson(view.hotKeys(choice(query, "by", HOT_BY, "rate"), count(query, 20))),
    },
    shown: `/api/hot?by=${HOT_BY.join("|")}&count=`,
    summary: "The keys with the most requests, bytes, misses or time at the origin.",
  },
  {
    path: "/api/families",
    access: "password",
    parameters: ["count"],
    methods: { GET: ({ query, desk: { view } }) => respondJson(view.families(count(query, 50))) },
    shown: "/api/families?count=",
    summary: "Families of keys with their hit ratio, memory and time to live.",
  },
  {
    path: "/api/keys/",
    access: "password",
    parameters: ["encoding"],
    methods: {
      GET({ query, rest, desk: { view } }) {
        const bytes = percentDecoded(rest);
        const encoding = choice(query, "encoding", ["text", "base64"], "text");
        const isText = encoding === "text";
        return respondJson(
          view.biography(isText ? bytes : base64Decoded(Buffer.from(bytes).toString("latin1"))),
        );
      },
    },
    shown: "/api/keys/KEY?encoding=text|base64",
    summary: "What happened to a key, and why.",
  },
  {
    path: "/api/queues",
    access: "password",
    parameters: ["shard"],
    methods: { GET: queues },
    shown: "/api/queues?shard=",
    summary: "The policy's queues as they are, with sampled entries and ghosts in their places.",
  },
  {
    path: "/api/watch",
    access: "password",
    methods: {
      GET: ({ desk: { view } }) => respondJson(view.watched()),
      POST: async (call) => {
        const { pattern } = await members(call, ["pattern"]);
        call.desk.view.watch(pattern);
        return respondJson(call.desk.view.watched());
      },
      DELETE: async (call) => {
        const { pattern } = await members(call, ["pattern"]);
        call.desk.view.unwatch(pattern);
        return respondJson(call.desk.view.watched());
      },
    },
    shown: '/api/watch, POST or DELETE { "pattern" }',
    summary: "Keys and patterns of keys whose whole story is kept.",
  },
  {
    path: "/api/channels",
    access: "password",
    methods: {
      GET({ desk: { view } }) {
        const report = view.channels();
        if (report === undefined) throw new Problem(404, "a server has no channels to an origin");
        return respondJson(report);
      },
    },
    shown: "/api/channels",
    summary: "The channels to the origin: their last signs of life, and what came over them.",
  },
  {
    path: "/api/clients",
    access: "password",
    parameters: ["count"],
    methods: {
      async GET({ query, desk: { view } }) {
        const report = await view.clients(count(query, 50));
        if (report === undefined) throw new Problem(404, "a server tells of its clients in CLIENT LIST");
        return respondJson(report);
      },
    },
    shown: "/api/clients?count=",
    summary: "Clients by name: connections and requests.",
  },
  {
    path: "/api/slow-requests",
    access: "password",
    parameters: ["count"],
    methods: {
      GET({ query, desk: { view } }) {
        const report = view.slowRequests(count(query, 128));
        if (report === undefined) throw new Problem(404, "a server tells of slow commands in SLOWLOG GET");
        return respondJson(report);
      },
    },
    shown: "/api/slow-requests?count=",
    summary: "The latest slow requests, and where their time went.",
  },
  {
    path: "/api/settings",
    access: "password",
    methods: {
      GET: ({ desk: { view } }) => respondJson({ settings: view.settings() }),
      POST: async (call) => {
        const { name, value } = await members(call, ["name", "value"]);
        await call.desk.view.change(name, value);
        return respondJson({ settings: call.desk.view.settings() });
      },
    },
    shown: '/api/settings, POST { "name", "value" }',
    summary: "The settings, and how to change those that can be changed.",
  },
  {
    path: "/api/what-if",
    access: "password",
    methods: { GET: whatIf },
    shown: "/api/what-if",
    summary: "What other sizes and policies would give on these requests.",
  },
  {
    path: "/api/what-if/reset",
    access: "password",
    methods: {
      POST: ({ desk: { view } }) => {
        view.resetWhatIf();
        return respondJson({});
      },
    },
    shown: "POST /api/what-if/reset",
    summary: "Starts the simulated caches anew.",
  },
  {
    path: "/api/stream",
    access: "password",
    methods: {
      GET({ request, grant, desk: { streams } }) {
        const isHead = request.method === "HEAD";
        const body = isHead ? null : streams.open(() => grant?.isValid() !== false, request.signal);
        return respond(body, "text/event-stream; charset=utf-8");
      },
    },
    shown: "/api/stream",
    summary: "All of this live, as server-sent events: a snapshot and then what changes.",
  },
];

function history({ query, desk: { view, clock } }: Call): Response {
  const nowMs = clock.wallMs();
  const from = { name: "from", least: -366 * DAY_MS, most: LATEST_MS, otherwise: -DEFAULT_HISTORY_MS };
  const given = wholeNumber(query, from);
  const fromMs = given < 0 ? nowMs + given : given;
  const stepMs = wholeNumber(query, { name: "step", least: 1_000, most: DAY_MS, otherwise: 1_000 });
  const steps = Math.ceil((nowMs - fromMs) / stepMs);
  if (steps > HISTORY_STEPS) {
    const enough = Math.ceil((nowMs - fromMs) / HISTORY_STEPS / 1_000) * 1_000;
    throw new Problem(
      400,
      `that would be ${steps} steps, and ${HISTORY_STEPS} are the most; use a step of ${enough} ms or more`,
    );
  }
  return respondJson(view.history(fromMs, stepMs));
}

function queues({ query, desk: { view } }: Call): Response {
  const report = view.queues(
    wholeNumber(query, { name: "shard", least: 0, most: MOST_SHARDS, otherwise: 0 }),
  );
  if (report === undefined) throw new Problem(404, "there is no cache to look into here");
  return respondJson(report);
}

function whatIf({ desk: { view } }: Call): Response {
  const report = view.whatIf();
  if (report === undefined)
    throw new Problem(404, "nothing is simulated: it is switched off, or there is no cache");
  return respondJson(report);
}

function count(query: URLSearchParams, otherwise: number): number {
  return wholeNumber(query, { name: "count", least: 1, most: 1_000, otherwise });
}

async function members<Name extends string>(
  call: Call,
  names: readonly Name[],
): Promise<Record<Name, string>> {
  return textMembers(await readJson(call.request, call.desk.limits, call.desk.timers), names);
}
