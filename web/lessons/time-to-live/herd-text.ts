import { HEIGHT, herdPlaces, LEFT, RULES, SECONDS_EVERY, TOP } from "./herd-places.ts";
import type { KeyRead } from "./run.ts";

const WIDTH = 680;

/** The bars as a picture, for pages in which nothing moves. */
export function herdPicture(questions: readonly number[]): string {
  const { wide, x, y } = herdPlaces(WIDTH, questions.length);
  const rules = RULES.map(
    (rule) =>
      `<path class="${rule === 0 ? "axis" : "rule"}" d="M${LEFT} ${y(rule)}H${WIDTH}"/><text x="${LEFT - 8}" y="${y(rule) + 4}" text-anchor="end">${rule}</text>`,
  );
  const bars = questions.map(
    (count, second) =>
      `<rect class="questions" x="${(x(second) + 1).toFixed(1)}" y="${y(count).toFixed(1)}" width="${(wide - 2).toFixed(1)}" height="${(y(0) - y(count)).toFixed(1)}"/>${second % SECONDS_EVERY === 0 ? `<text x="${x(second).toFixed(1)}" y="${y(0) + 18}">${second} s</text>` : ""}`,
  );
  return `<svg class="herd whole-curve" viewBox="0 0 ${WIDTH} ${TOP + HEIGHT + 24}" role="img" aria-label="Questions that reach the origin in each second">${rules.join("")}${bars.join("")}</svg>`;
}

const LIFE_TOP = 46;
const LIFE_HEIGHT = 34;
const TICK_MS = 5000;

/** The reads of one key over time: a stroke for a hit, a hash for a miss, and the entry that lives from miss to expiry. */
export function lifePicture(reads: readonly KeyRead[], ttlMs: number, untilMs: number): string {
  // In percent: what is written keeps its size on a narrow page.
  const x = (ms: number): string => `${(2 + (96 * ms) / untilMs).toFixed(2)}%`;
  const misses = reads.filter(({ isHit }) => !isHit);
  const lives = misses.map(({ atMs }) => {
    const endMs = Math.min(untilMs, atMs + ttlMs);
    const bar = `<rect class="life" x="${x(atMs)}" y="${LIFE_TOP}" width="${((96 * (endMs - atMs)) / untilMs).toFixed(2)}%" height="${LIFE_HEIGHT}"/>`;
    if (endMs === untilMs) return bar;
    return `${bar}<text x="${x(endMs)}" y="${LIFE_TOP - 30}" text-anchor="middle">expires</text>${line("leader", x(endMs), LIFE_TOP - 24, LIFE_TOP + LIFE_HEIGHT)}`;
  });
  const marks = reads.map(({ atMs, isHit }) =>
    isHit
      ? line("hit", x(atMs), LIFE_TOP + 8, LIFE_TOP + LIFE_HEIGHT - 8)
      : `<text class="miss" x="${x(atMs)}" y="${LIFE_TOP - 8}">#</text>`,
  );
  const ticks = Array.from({ length: untilMs / TICK_MS + 1 }, (_, i) => i * TICK_MS).map(
    (ms) =>
      `<text x="${x(ms)}" y="${LIFE_TOP + LIFE_HEIGHT + 20}" text-anchor="${ms === 0 ? "start" : ms === untilMs ? "end" : "middle"}">${ms / 1000} s</text>`,
  );
  const hits = reads.length - misses.length;
  return `<svg class="life" width="100%" height="${LIFE_TOP + LIFE_HEIGHT + 28}" role="img" aria-label="${reads.length} reads of one page: ${misses.length} misses, ${hits} hits">${lives.join("")}${marks.join("")}${ticks.join("")}</svg>`;
}

function line(name: string, x: string, from: number, to: number): string {
  return `<line class="${name}" x1="${x}" x2="${x}" y1="${from}" y2="${to}"/>`;
}
