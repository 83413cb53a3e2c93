import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { StagePlayer } from "./stage-player.ts";

export interface ActsProps {
  readonly player: StagePlayer;
  /** The question, asked once more where it is answered. */
  readonly asks: ComponentChildren;
  /** What the button says that keeps the guess. */
  readonly keep: string;
  /** Where the run is: `request 3 of 54`. */
  readonly where: string;
  readonly from: number;
}

/** What moves a stage: at the question the ways on, else play, pause and steps. */
export function Acts({ player, asks, keep, where, from }: ActsProps) {
  if (player.isAtQuestion) {
    return (
      <div class="acts">
        <p class="prose">{asks}</p>
        <button type="button" class="main" onClick={() => player.begin(player.draft)}>
          {keep}
        </button>
        <button type="button" onClick={() => player.begin(undefined)}>
          Just show me
        </button>
      </div>
    );
  }
  return (
    <div class="acts">
      <button type="button" disabled={player.at === from} onClick={() => player.pauseAt(player.at - 1)}>
        Step back
      </button>
      {player.isStill ? (
        <button type="button" class="main" disabled={player.isAtLimit} onClick={() => player.nextMoment()}>
          Next moment
        </button>
      ) : (
        <button type="button" class="main" disabled={player.isAtLimit} onClick={() => player.toggle()}>
          {player.isPlaying ? "Pause" : "Play"}
        </button>
      )}
      <button type="button" disabled={player.isAtLimit} onClick={() => player.pauseAt(player.at + 1)}>
        Step
      </button>
      <span class="label">{where}</span>
      {player.isDone && (
        <button type="button" onClick={() => player.again()}>
          Begin again, with a new guess
        </button>
      )}
    </div>
  );
}

export interface GuessSliderProps {
  readonly player: StagePlayer;
  readonly index: number;
  readonly most: number;
  /** `Your guess for LRU`. */
  readonly label: string;
  /** `of 20 hits`. */
  readonly unit: string;
}

/** Shown at the question: a number to guess. */
export function GuessSlider({ player, index, most, label, unit }: GuessSliderProps) {
  if (!player.isAtQuestion) return null;
  const value = player.draft[index]!;
  return (
    <label class="guess">
      <span>
        {label}: <b>{value}</b> {unit}
      </span>
      <input
        type="range"
        min={0}
        max={most}
        value={value}
        onInput={({ currentTarget }) => player.setDraft(index, Number(currentTarget.value))}
      />
    </label>
  );
}

/** Writes what was said and what it was into the text, once the run has been at its end. */
export function useVerdicts(player: StagePlayer, verdict: (index: number, guess: number) => string): void {
  useEffect(() => {
    if (!player.isDone) return;
    document.getElementById("said")!.replaceChildren(
      ...(player.guess ?? []).map((number, i) => {
        const line = document.createElement("p");
        line.className = "prose";
        line.textContent = verdict(i, number);
        return line;
      }),
    );
  }, [player.isDone, player.guess]);
}
