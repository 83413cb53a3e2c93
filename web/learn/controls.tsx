import { countText } from "../parts/text.ts";
import { SPEEDS, type Speed } from "../play/settings.ts";
import { elapsedText } from "./elapsed.ts";
import type { Player } from "./player.ts";

/** Play, pause, steps in both directions, speed: at the lower edge, wherever the reader is. */
export function Controls({ player }: { readonly player: Player }) {
  const view = player.shown.value?.view;
  const at = view?.at ?? 0;
  const count = view?.count ?? 0;
  const isPlaying = player.isPlaying.value;
  const { speed } = player.settings.value;
  return (
    <section class="controls" id="controls" aria-label="Controls" tabIndex={-1}>
      <div class="buttons">
        <Press label="To the beginning" isOff={at === 0} onPress={() => player.seek(0)}>
          <path d="M4 3v10M13 3 6 8l7 5Z" />
        </Press>
        <Press label="One step back" isOff={at === 0} onPress={() => player.step(-1)}>
          <path d="M11 3 4 8l7 5Z" />
        </Press>
        <button type="button" class="main" disabled={view === undefined} onClick={() => player.toggle()}>
          <svg width="16" height="16" aria-hidden="true">
            <path d={isPlaying ? "M4 3h3v10H4ZM9 3h3v10H9Z" : "M4 3l9 5-9 5Z"} />
          </svg>
          {isPlaying ? "Pause" : "Play"}
        </button>
        <Press label="One step" isOff={at === count} onPress={() => player.step(1)}>
          <path d="M5 3l7 5-7 5Z" />
        </Press>
        <label>
          <span class="hidden">Speed</span>
          <select
            value={String(speed)}
            onChange={({ currentTarget }) => player.setSpeed(speedOf(currentTarget.value))}
          >
            {SPEEDS.map((each) => (
              <option key={each} value={String(each)}>
                {each === "max" ? "as fast as it goes" : `${countText(each)} a second`}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p class="label position">
        request <output>{countText(at)}</output> of {countText(count)},{" "}
        <span title="Time since the first request">clock {elapsedText(view?.clockMs ?? 0)}</span>
      </p>
      <p class="label keys">
        <kbd>Space</kbd> play, <kbd>←</kbd> <kbd>→</kbd> step, <kbd>Shift</kbd> by ten, <kbd>Home</kbd> begin,{" "}
        <kbd>+</kbd> <kbd>−</kbd> speed
      </p>
    </section>
  );
}

const speedOf = (text: string): Speed => SPEEDS.find((speed) => String(speed) === text)!;

interface PressProps {
  readonly label: string;
  readonly isOff: boolean;
  readonly onPress: () => void;
  /** Its sign, 16 px wide. */
  readonly children: preact.ComponentChildren;
}

/** A button that keeps the focus when there is nothing to do. */
function Press({ label, isOff, onPress, children }: PressProps) {
  return (
    <button
      type="button"
      class="sign"
      aria-label={label}
      title={label}
      aria-disabled={isOff}
      onClick={onPress}
    >
      <svg width="16" height="16" aria-hidden="true">
        {children}
      </svg>
    </button>
  );
}
