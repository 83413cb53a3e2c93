/** How a policy's line is drawn: told apart by colour, dash and mark. */
export interface PolicyLook {
  /** The name of its colour in style/tokens.css. */
  readonly colour: string;
  readonly dash: string | undefined;
  /** A path around the origin, some 8 px wide. */
  readonly mark: string;
}

const MARKS = {
  circle: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z",
  square: "M-3.5-3.5h7v7h-7Z",
  triangle: "M0-4.5 4.5 3.5h-9Z",
  diamond: "M0-5 4.5 0 0 5-4.5 0Z",
  wedge: "M0 4.5 4.5-3.5h-9Z",
  plus: "M-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3Z",
  cross: "M-4-2.5-2.5-4 0-1.5 2.5-4 4-2.5 1.5 0 4 2.5 2.5 4 0 1.5-2.5 4-4 2.5-1.5 0Z",
  star: "M0-5.2 1.4-1.6 5-1.6 2.1 .8 3.2 4.4 0 2.2-3.2 4.4-2.1 .8-5-1.6-1.4-1.6Z",
  bar: "M-4.5-1.5h9v3h-9Z",
} as const;

const KNOWN: Readonly<Record<string, PolicyLook>> = {
  "s3-fifo": { colour: "--policy-1", dash: undefined, mark: MARKS.circle },
  lru: { colour: "--policy-2", dash: "7 3", mark: MARKS.square },
  sieve: { colour: "--policy-3", dash: "2 3", mark: MARKS.triangle },
  "2q": { colour: "--policy-4", dash: "9 3 2 3", mark: MARKS.diamond },
  arc: { colour: "--policy-5", dash: "12 4", mark: MARKS.wedge },
  lirs: { colour: "--policy-6", dash: "5 2", mark: MARKS.plus },
  "w-tinylfu": { colour: "--policy-7", dash: "4 2 1 2 1 2", mark: MARKS.cross },
  // Of the playground: a policy that its reader writes.
  written: { colour: "--policy-8", dash: "14 2", mark: MARKS.star },
};
const OTHER: PolicyLook = { colour: "--policy-8", dash: "1 3", mark: MARKS.bar };

export function policyLook(policy: string): PolicyLook {
  return KNOWN[policy] ?? OTHER;
}
