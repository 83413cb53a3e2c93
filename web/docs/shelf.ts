/** The documents that are pages, too, in their order: `docs/NAME.md` in capitals. */
export const DOCS = [
  {
    name: "choosing",
    title: "Choosing a policy and a size",
    says: "From a recording of your own traffic, in five minutes.",
  },
  { name: "policies", title: "The policies", says: "What each evicts, and its parameters." },
  { name: "dashboard", title: "The dashboard", says: "What each view of it answers, and how to read it." },
  {
    name: "learn",
    title: "The playground and the lessons",
    says: "What the playground shows, its keys, and traces of your own.",
  },
  {
    name: "operating",
    title: "Operating Glasscache",
    says: "For years: sizing, limits, alerts, what each failure looks like, upgrades, capacity.",
  },
  {
    name: "origin",
    title: "What the proxy needs from its origin",
    says: "Connections, settings of Redis, time-outs, the proxy's user there, audits.",
  },
  {
    name: "users",
    title: "Users",
    says: "Who may do what: the file of users, and where it is stricter than Redis.",
  },
  { name: "tls", title: "TLS", says: "Certificates towards clients and towards the origin." },
  { name: "warm", title: "Warm restart", says: "What --warm writes, and how it is read again." },
  {
    name: "commands",
    title: "Redis's commands about itself, at the proxy",
    says: "INFO, CONFIG, CLIENT, slow requests, health, administrative commands.",
  },
  {
    name: "top",
    title: "Watching: glasscache top",
    says: "Its screens and keys at a terminal, and for scripts.",
  },
  { name: "admin", title: "The admin port", says: "Metrics, probes, the JSON API, the live stream." },
  { name: "client", title: "The client", says: "The library for Bun and Node, and the command." },
  { name: "protocols", title: "Protocols", says: "Where a request ends, and which protocol it is of." },
  { name: "recording", title: "The recording format", says: "What the proxy writes with --record." },
] as const satisfies readonly Doc[];

export type DocName = (typeof DOCS)[number]["name"];

interface Doc {
  readonly name: string;
  readonly title: string;
  readonly says: string;
}

/** The page of a document that is named as in a link: `CHOOSING.md`. */
export function docOf(file: string): DocName | undefined {
  return DOCS.find(({ name }) => `${name.toUpperCase()}.md` === file)?.name;
}
