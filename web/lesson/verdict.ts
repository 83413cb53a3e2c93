/** What a guess forgot that was too low, and one that was too high. */
export type Reasons = readonly [tooLow: string, tooHigh: string];

/**
 * Compares a guess with what it was.
 * @param title of what was guessed, if there are several
 * @param near a guess that is no farther off is nearly right
 */
export function verdictText(
  title: string | undefined,
  guess: number,
  outcome: number,
  reasons: Reasons,
  near = 1,
): string {
  const you = title === undefined ? "You" : `${title}: you`;
  const said = `${you} said ${guess}, it was ${outcome}.`;
  if (guess === outcome) return `${said} Exactly.`;
  if (Math.abs(guess - outcome) <= near) return `${said} Nearly.`;
  return `${said} ${reasons[guess < outcome ? 0 : 1]}`;
}
