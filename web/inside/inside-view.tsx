import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { QueueMember, QueuesReport } from "../../src/instruments/view.ts";
import { Biography } from "../biography/biography.tsx";
import { useDashboard } from "../live/dashboard.ts";
import { useOnScreen } from "../parts/chart.tsx";
import { counted, countText } from "../parts/text.ts";
import { Awaited, HowToRead, View } from "../parts/view.tsx";
import { Tank } from "../queues/tank.tsx";
import { Happenings } from "./happenings.tsx";
import { Legend } from "./legend.tsx";
import { QueueFeed } from "./queue-feed.ts";
import { QueueTable } from "./queue-table.tsx";

/** A tile takes 700 ms to its next place, and then rests. */
const STEP_MS = 2000;
/** If nobody has touched the page of late, only every so many steps are taken. */
const SLOW_STEPS = 5;

/** The policy's queues, with sampled entries in their places. */
export function InsideView() {
  const { api, display, link } = useDashboard();
  const feed = useMemo(() => new QueueFeed(api), [api]);
  const shard = useSignal(0);
  const paused = useSignal<boolean | undefined>(undefined);
  const opened = useSignal<QueueMember | undefined>(undefined);
  const isHeld = useSignal(false);
  const [frame, isOnScreen] = useOnScreen<HTMLDivElement>();
  const isPaused = paused.value ?? display.still.value;
  const isLive = link.value.state === "live";
  const isMoving = isLive && isOnScreen && !isPaused && !isHeld.value;
  const isFirst = useRef(true);

  useEffect(() => {
    // The first reading is taken in any case, so that there is something to see at once, and while nothing moves.
    if ((isLive || api.isSaved) && (isFirst.current || isMoving)) {
      isFirst.current = false;
      void feed.step(shard.value);
    }
    if (!isMoving) return undefined;
    let skipped = 0;
    const timer = setInterval(() => {
      const isSlow = !display.isAttended.peek();
      if (document.visibilityState === "hidden" || (isSlow && ++skipped % SLOW_STEPS > 0)) return;
      void feed.step(shard.value);
    }, STEP_MS);
    return () => clearInterval(timer);
  }, [isMoving, isOnScreen, isLive, shard.value]);

  const close = (): void => {
    const id = opened.value?.id;
    opened.value = undefined;
    // Readers with a keyboard go on where they were.
    frame.current?.querySelector<HTMLElement>(`[data-id="${id}"]`)?.focus();
  };
  const state = feed.state.value;
  const hasKey = opened.value?.key !== undefined;
  return (
    <View
      id="inside"
      title="Inside"
      lessons={["too-small"]}
      question="Where does each entry stand, and why does it leave?"
      note={state === undefined ? undefined : sampleText(state.report)}
    >
      <div ref={frame} class="inside">
        <div
          onFocusIn={({ target }) => (isHeld.value = (target as HTMLElement).matches(".tile:focus-visible"))}
          onFocusOut={() => (isHeld.value = false)}
        >
          {feed.problem.value !== "" && !api.isSaved && <p class="wrong">{feed.problem.value}</p>}
          {state === undefined ? (
            <Awaited>
              {api.isSaved
                ? "The queues were not on the screen when this page was saved."
                : "The queues are being read."}
            </Awaited>
          ) : state.report.queues.length === 0 ? (
            <Awaited>The policy is being changed: the queues are shown when that is done.</Awaited>
          ) : (
            <>
              <Tank
                report={state.report}
                changes={state.changes}
                step={state.step}
                openId={opened.value?.id}
                onOpen={(member) => (opened.value = member)}
              />
              <Legend queues={state.report.queues} />
              <HowToRead>
                Entries come in at the left and move along the line towards the arrow, where they pass on or
                leave. The more strokes and the deeper the glass, the more often an entry was read. Many warm
                entries near an arrow that leads out mean that the cache is too small for what is asked of it;
                many cold ones in every queue mean that it is larger than it need be.
              </HowToRead>
              <QueueTable report={state.report} />
            </>
          )}
        </div>
        <div class="beside">
          {opened.value !== undefined && hasKey && <Biography name={opened.value.key!} onClose={close} />}
          {opened.value !== undefined && !hasKey && (
            <p class="prose">
              Of this ghost only the hash {opened.value.id} is known: its key was evicted before anybody
              looked.
            </p>
          )}
          {state !== undefined && (
            <section>
              <div class="heading">
                <h3>What just happened</h3>
                <div role="group" aria-label="Movement">
                  {state.report.shards > 1 && (
                    <label class="shard">
                      <span class="hidden">Part of the cache</span>
                      <select
                        value={shard.value}
                        onChange={({ currentTarget }) => (shard.value = Number(currentTarget.value))}
                      >
                        {Array.from({ length: state.report.shards }, (_, i) => (
                          <option key={i} value={i}>
                            Shard {i + 1} of {state.report.shards}
                          </option>
                        ))}
                      </select>
                    </label>
                  )}
                  <button
                    type="button"
                    disabled={!isLive}
                    onClick={() => {
                      paused.value = true;
                      void feed.step(shard.value);
                    }}
                  >
                    One step
                  </button>
                  <button
                    type="button"
                    disabled={!isLive}
                    aria-pressed={isPaused}
                    onClick={() => (paused.value = !isPaused)}
                  >
                    Pause
                  </button>
                </div>
              </div>
              {!display.isAttended.value && isMoving && (
                <p class="label">A step every 10 s, until somebody touches the page.</p>
              )}
              {isHeld.value && !isPaused && <p class="label">Movement waits while an entry has the focus.</p>}
              <Happenings state={state} />
            </section>
          )}
        </div>
      </div>
    </View>
  );
}

/** How much of the cache is shown. */
function sampleText({ queues, samplingRatio, shard, shards }: QueuesReport): string {
  const resident = queues.filter(({ kind }) => kind === "resident");
  const shown = resident.reduce((sum, { members }) => sum + members.length, 0);
  const isKnown = resident.every(({ length }) => length !== undefined);
  const all = resident.reduce((sum, { length = 0 }) => sum + length, 0);
  const part = shards > 1 ? ` of shard ${shard + 1} of ${shards}, which are alike` : "";
  if (samplingRatio === 1 && isKnown && shown === all)
    return `all ${counted(all, "entry", "entries")}${part}`;
  return `${shown} of ${isKnown ? countText(all) : "very many"} entries${part}, drawn by the hash of their keys`;
}
