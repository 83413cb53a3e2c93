/** The most questions that the axis and a guess go to: more than there are pages. */
export const MOST_QUESTIONS = 250;

export const RULES = [0, 50, 100, 150, 200, 250] as const;
export const SECONDS_EVERY = 10;
export const TOP = 14;
export const HEIGHT = 200;
export const LEFT = 40;

/** Where the bars of a drawing stand. */
export interface HerdPlaces {
  /** The width of a second. */
  readonly wide: number;
  x(second: number): number;
  y(questions: number): number;
}

export function herdPlaces(width: number, seconds: number): HerdPlaces {
  const wide = (width - LEFT) / seconds;
  return {
    wide,
    x: (second) => LEFT + second * wide,
    y: (questions) => TOP + HEIGHT * (1 - questions / MOST_QUESTIONS),
  };
}
