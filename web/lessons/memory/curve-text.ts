import { reuseDistances } from "../../lesson/staged-run.ts";
import { openRequests } from "../../play/requests.ts";
import { typedWorkload } from "../../play/settings.ts";

const MOST_PLACES = 4;

/** Requests, their distances, and what they are in caches of one to four places. */
export async function curveText(typed: string): Promise<string> {
  const requests = await openRequests({ workload: typedWorkload(typed), seed: 1 });
  const distances = reuseDistances(requests, 0, requests.count);
  const sizes = Array.from({ length: MOST_PLACES }, (_, i) => i + 1);
  const rows = distances.map((distance, i) => {
    const cells = sizes.map((places) =>
      distance !== undefined && distance < places
        ? '<td class="hit">| hit</td>'
        : '<td class="miss"># miss</td>',
    );
    const name = requests.nameOf(requests.batch.objects[i]!);
    return `<tr><td>${name}</td><td>${distance ?? "first"}</td>${cells.join("")}</tr>`;
  });
  const misses = sizes.map(
    (places) =>
      `<td>${distances.filter((distance) => distance === undefined || distance >= places).length}</td>`,
  );
  const heads = sizes.map(
    (places) => `<th scope="col">${places === 1 ? "1 place" : `${places} places`}</th>`,
  );
  return `<table class="story by-size"><thead><tr><th scope="col">asked for</th><th scope="col">others since</th>${heads.join("")}</tr></thead><tbody>${rows.join("")}<tr><th scope="row" colspan="2">misses</th>${misses.join("")}</tr></tbody></table>`;
}

const WIDTH = 680;
const HEIGHT = 220;
const LEFT = 40;
const TOP = 16;

/** The curve as a picture, for pages in which nothing moves. @param places those with their figure */
export function curvePicture(curve: readonly number[], places: readonly number[]): string {
  const x = (size: number): number => Math.round(LEFT + ((WIDTH - 2 * LEFT) * size) / (curve.length - 1));
  const y = (misses: number): number => Math.round(TOP + HEIGHT * (1 - misses / 100));
  const line = curve.map((misses, size) => `${size === 0 ? "M" : "L"}${x(size)} ${y(misses)}`).join("");
  const marks = places.map(
    (size) =>
      `<text x="${x(size)}" y="${y(0) + 18}" text-anchor="middle">${size}</text><circle cx="${x(size)}" cy="${y(curve[size]!)}" r="4"/><text class="strong" x="${x(size)}" y="${y(curve[size]!) - 10}" text-anchor="middle">${Math.round(curve[size]!)}</text>`,
  );
  return `<svg class="whole-curve" viewBox="0 0 ${WIDTH} ${TOP + HEIGHT + 24}" role="img" aria-label="Misses of 100 requests over the places of the cache"><path class="axis" d="M${LEFT} ${y(0)}H${WIDTH - LEFT}"/><path class="line" d="${line}"/>${marks.join("")}</svg>`;
}
