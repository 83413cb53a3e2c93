/** Says a duration for people: `34 ms`, `0.8 s`, `12.4 s`, `3 min 20 s`, `5 h 3 min`, `2 d 4 h`. */
export function sayDuration(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  if (whole < 100) return `${whole} ms`;
  const tenths = Math.round(whole / 100);
  if (tenths < 600) return `${tenths / 10} s`;
  const seconds = Math.round(whole / 1000);
  if (seconds < 3600) return inTwo(seconds, 60, "min", "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return inTwo(minutes, 60, "h", "min");
  return inTwo(Math.round(minutes / 60), 24, "d", "h");
}

function inTwo(amount: number, per: number, large: string, small: string): string {
  const rest = amount % per;
  const first = `${Math.floor(amount / per)} ${large}`;
  return rest === 0 ? first : `${first} ${rest} ${small}`;
}

/** Says a number of things: `1 read`, `1,204 reads`. */
export function sayCount(count: number, thing: string): string {
  return `${count.toLocaleString("en-US")} ${thing}${count === 1 ? "" : "s"}`;
}

/** Says a share: `31 %`, `0.4 %`. */
export function sayShare(share: number): string {
  const percent = share * 100;
  return `${percent >= 10 || percent === 0 ? Math.round(percent) : percent.toFixed(1)} %`;
}

/** Terms of policies that name a whole, not a queue. */
const WHOLES: readonly string[] = ["queue", "table", "ranking"];

/** Says which of its queues the policy took an entry from, with the policy's own term. */
export function sayQueue(queue: string): string {
  return WHOLES.includes(queue) ? `the ${queue}` : `the ${queue} queue`;
}
