/**
 * Six colours that people with colour-vision deficiencies can tell apart, each in a shade for light and for dark
 * backgrounds, and grey for the offline optimum. P. Tol's "vibrant" scheme ("Colour schemes", SRON technical note),
 * with violet and olive for its magenta and cyan, which are hard to tell from its red and blue on a screen. Beyond
 * six lines, dashes distinguish lines of one colour.
 */
const COLOURS = [
  { light: "#0077bb", dark: "#4fa8e2" },
  { light: "#d97706", dark: "#fbae4b" },
  { light: "#008577", dark: "#2cc3b0" },
  { light: "#c62d10", dark: "#f2705a" },
  { light: "#7b4bc0", dark: "#c4a3f5" },
  { light: "#857400", dark: "#b9c94a" },
] as const;
const OPTIMUM = { light: "#666666", dark: "#b0b0b0" } as const;

/** Solid, dashed, dotted, dash-dotted. */
const DASHES = ["none", "7 4", "2 3", "9 3 2 3"];
const OPTIMUM_DASHES = ["4 3", "1 4"];

/** The class of a line's colour, and its dashes in SVG's syntax. */
export interface LineStyle {
  readonly colour: string;
  readonly dash: string;
}

/** Returns the styles of the policies, in their order. */
export function lineStyles(policies: readonly string[]): Map<string, LineStyle> {
  let [next, nextOptimum] = [0, 0];
  return new Map(
    policies.map((policy): [string, LineStyle] => {
      if (isOutOfReach(policy)) {
        const dash = OPTIMUM_DASHES[nextOptimum++ % OPTIMUM_DASHES.length]!;
        return [policy, { colour: "optimum", dash }];
      }
      const at = next++;
      const dash = DASHES[Math.floor(at / COLOURS.length) % DASHES.length]!;
      return [policy, { colour: `c${at % COLOURS.length}`, dash }];
    }),
  );
}

/** Whether a policy needs to know the future, so that nobody can run it. */
export function isOutOfReach(policy: string): boolean {
  return policy.startsWith("belady");
}

/** Returns the class names of the colours. */
export function colourNames(): string[] {
  return [...COLOURS.map((_, at) => `c${at}`), "optimum"];
}

/** Returns CSS custom properties of all colours, for one background. */
export function colourProperties(background: "light" | "dark"): string {
  const properties = COLOURS.map((colour, at) => `--c${at}:${colour[background]};`);
  return `${properties.join("")}--optimum:${OPTIMUM[background]};`;
}
