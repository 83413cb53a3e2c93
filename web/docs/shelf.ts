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
    title: "Operating the proxy",
    says: "In front of a Redis: time-outs, TLS, signals, several proxies, health checks.",
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
