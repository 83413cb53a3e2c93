import type { WhatIfPoint, WhatIfReport } from "../../instruments/view.ts";
import { amountText, durationText, percentText, sizeText } from "./figure-text.ts";

interface Candidate {
  readonly policy: string;
  readonly point: WhatIfPoint;
}

/**
 * Returns one sentence: what the best cache would change that is affordable. With prices, that is the one that saves
 * the most money; without, the best policy in the memory of the present cache.
 */
export function whatIfAdvice({ present, curves }: WhatIfReport): string {
  const all = curves.flatMap(({ policy, points }) => points.map((point) => ({ policy, point })));
  const today = all.find(({ policy, point }) => policy === present.policy && point.factor === 1);
  if (today === undefined) return "Too little has been seen to compare caches.";
  const money = best(all, ({ point }) => -(point.costSavedPerMonth ?? 0));
  if (money !== undefined && (money.point.costSavedPerMonth ?? 0) > 0) {
    return `${described(money, today)}, and save ${amountText(money.point.costSavedPerMonth)} a month.`;
  }
  if (money?.point.costSavedPerMonth !== undefined)
    return "No cache shown here would cost less than the present one.";
  const sameSize = all.filter(({ point }) => point.factor === 1);
  const least = best(sameSize, ({ point }) => point.missRatio)!;
  const gain = today.point.missRatio - least.point.missRatio;
  if (least.policy === present.policy || gain <= 0) {
    return `${present.policy} is the best of these policies at the present size.`;
  }
  if (gain <= Math.max(least.point.error, today.point.error)) {
    return `At the present size, no policy is better than ${present.policy} by more than the error.`;
  }
  return `${described(least, today)}.`;
}

function best(
  candidates: readonly Candidate[],
  cost: (candidate: Candidate) => number,
): Candidate | undefined {
  return candidates.reduce<Candidate | undefined>(
    (least, one) => (least === undefined || cost(one) < cost(least) ? one : least),
    undefined,
  );
}

function described({ policy, point }: Candidate, { point: today }: Candidate): string {
  const size =
    point.factor === 1
      ? "the present size"
      : point.unit === "bytes"
        ? sizeText(point.size)
        : pointSize(point);
  const requests = today.originRequestsPerSecond - point.originRequestsPerSecond;
  const time = point.originMsSavedPerSecond - today.originMsSavedPerSecond;
  return (
    `${policy} at ${size} would miss ${percentText(point.missRatio)} instead of ${percentText(today.missRatio)}: ` +
    `${amountText(Math.abs(requests))} ${requests < 0 ? "more" : "fewer"} requests to the origin a second, ` +
    `${time < 0 ? "costing" : "saving"} ${durationText(Math.abs(time))}/s of its time`
  );
}

function pointSize({ size }: WhatIfPoint): string {
  return `${size.toLocaleString("en")} entries`;
}
