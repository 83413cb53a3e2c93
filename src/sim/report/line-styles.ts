/**
 * Six colours that remain apart for people who see colours differently, each in a shade for light and for dark
 * backgrounds, and grey for what nobody can run: P. Tol's "vibrant" scheme ("Colour schemes", SRON technical note), with
 * violet and olive for its magenta and cyan, which on a screen are hard to tell from its red and blue. Beyond six
 * lines, dashes tell lines of one colour apart.
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

/** Solid, dashed, dotted, dashed and dotted. */
const DASHES = ["none", "7 4", "2 3", "9 3 2 3"];
const OPTIMUM_DASHES = ["4 3", "1 4"];

/** Of a line: the name of its class for the colour, and its dashes as SVG writes them. */
export interface LineStyle {
  readonly colour: string;
  readonly dash: string;
}

/** The styles of the policies, in their order. */
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

/** Policies that nobody can run: they know what lies ahead. */
export function isOutOfReach(policy: string): boolean {
  return policy.startsWith("belady");
}

/** The names of the classes for colours. */
export function colourNames(): string[] {
  return [...COLOURS.map((_, at) => `c${at}`), "optimum"];
}

/** CSS custom properties of all colours, for one background. */
export function colourProperties(background: "light" | "dark"): string {
  const properties = COLOURS.map((colour, at) => `--c${at}:${colour[background]};`);
  return `${properties.join("")}--optimum:${OPTIMUM[background]};`;
}
