/** Recorded traces that come along with the page. They are fetched when one is chosen. */
export interface BundledTrace {
  /** In the address. */
  readonly name: string;
  /** Its file in web/traces/. */
  readonly file: string;
  readonly title: string;
  /** Where it comes from, and what happens in it. */
  readonly says: string;
  /** A size of caches, in entries, at which it shows something. */
  readonly size: number;
}

export const TRACES: readonly BundledTrace[] = [
  {
    name: "demo",
    file: "demo.rec.gz",
    title: "The demo, recorded",
    says: "What the proxy recorded while glasscache demo ran its load: popular keys, a scan, popularity that moves, with sizes, writes and times.",
    size: 100,
  },
  {
    name: "history",
    file: "history.csv.gz",
    title: "Files that were worked on",
    says: "The files that each commit of this project changed, in order: real work, in which what was touched lately is touched again.",
    size: 100,
  },
];
