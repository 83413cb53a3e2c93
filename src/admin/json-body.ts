import type { Timers } from "../lib/timers.ts";
import type { AdminLimits } from "./limits.ts";
import { Problem } from "./problem.ts";

/**
 * Reads a request's body. The runtime bounds its size.
 * @throws Problem with status 400 if it is not JSON, 408 if it takes too long to arrive
 */
export async function readJson(
  request: Request,
  { bodyTimeoutMs }: Pick<AdminLimits, "bodyTimeoutMs">,
  timers: Timers,
): Promise<unknown> {
  const text = await withinTime(request.text(), bodyTimeoutMs, timers);
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(400, "the body is not JSON");
  }
}

function withinTime(text: Promise<string>, limitMs: number, timers: Timers): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = timers.after(limitMs, () => {
      reject(new Problem(408, `the body did not arrive within ${limitMs} ms`));
    });
    text
      .then(resolve, () => reject(new Problem(400, "the body did not arrive as a whole")))
      .finally(() => timer.stop());
  });
}
