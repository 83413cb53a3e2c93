import { useEffect, useRef } from "preact/hooks";
import { counted, countText } from "../parts/text.ts";
import type { Player } from "./player.ts";

/** The biography of the entry that was pressed. */
export function Why({ player }: { readonly player: Player }) {
  const open = player.why.value;
  const title = useRef<HTMLHeadingElement>(null);
  const id = open === undefined ? "" : `${open.cache} ${open.object}`;
  useEffect(() => {
    if (id !== "") title.current?.focus({ preventScroll: true });
  }, [id]);
  if (open === undefined) {
    return (
      <section class="why">
        <h3>Why?</h3>
        <p class="prose">Press any tile: when it came, when it was read, why it left or would leave.</p>
      </section>
    );
  }
  const { cache, biography } = open;
  const close = (): void => {
    player.why.value = undefined;
    document
      .querySelectorAll<HTMLElement>(".cache")
      [cache]?.querySelector<HTMLElement>(`[data-id="${open.object}"]`)
      ?.focus();
  };
  return (
    <section
      class="biography why"
      aria-label="Why?"
      aria-live="polite"
      onKeyDown={({ key }) => {
        if (key === "Escape") close();
      }}
    >
      <button type="button" class="close" aria-label="Close" onClick={close}>
        ×
      </button>
      <h3 ref={title} tabIndex={-1}>
        {biography === undefined ? "…" : `Why ${biography.name}, in ${biography.policy}?`}
      </h3>
      {biography === undefined ? (
        <p class="prose">The requests are being replayed.</p>
      ) : (
        <>
          <p class="prose">{biography.now}</p>
          {biography.omitted > 0 && (
            <p class="label">{counted(biography.omitted, "earlier line")} left out</p>
          )}
          <ol class="events" tabIndex={0} aria-label="What happened, in order">
            {biography.lines.map(({ at, mark, text }) => (
              <li key={`${at} ${mark}`}>
                <span>{countText(at)}</span>
                <b class={`mark ${MARKS[mark]}`}>{mark}</b>
                <span>{text}</span>
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

const MARKS = { "|": "hit", "#": "miss", "○": "evicted", "=": "coalesced", "!": "wrong" } as const;
