import type { NumberKind, NumberShape } from "./thread-numbers.ts";

/** A number that threads publish, and where it is told. */
export interface NumberRow {
  readonly kind: NumberKind;
  /** The name of its metric. Numbers of one metric with the same labels are added. Absent: it is not told. */
  readonly metric?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Whether it is left out while it is 0. */
  readonly isSparse?: boolean;
}

/** A metric whose samples are published numbers. */
export interface MetricRow {
  /** The name in Prometheus. */
  readonly name: string;
  readonly kind: NumberKind;
  /** What it counts and, where one can say, what is good. */
  readonly help: string;
  /** What one unit of the number is in the metric's unit: 1e-6 for microseconds and seconds; 1 by default. */
  readonly unit?: number;
}

/** All numbers of a service. Plain data, so that it can be handed to another thread together with their memory. */
export interface NumberTable<Name extends string = string> {
  readonly numbers: Readonly<Record<Name, NumberRow>>;
  /** In the order in which they are told. */
  readonly metrics: readonly MetricRow[];
}

/** Returns the kinds of a table's numbers, as `ThreadNumbers` takes them. */
export function shapeOf<Rows extends Readonly<Record<string, NumberRow>>>(
  numbers: Rows,
): { readonly [Name in keyof Rows]: Rows[Name]["kind"] } {
  const entries = Object.entries(numbers).map(([name, { kind }]) => [name, kind]);
  return Object.fromEntries(entries) as { [Name in keyof Rows]: Rows[Name]["kind"] } & NumberShape;
}
