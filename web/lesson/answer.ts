/** An answer to a closing question. */
export interface Answer {
  readonly text: string;
  /** What is wrong with it. Only the right one has none. */
  readonly hint?: string;
}
