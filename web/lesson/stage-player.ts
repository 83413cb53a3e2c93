import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useDisplay } from "../live/display.ts";
import { guessHash, readGuess } from "./guess.ts";

export interface StagePlan {
  /** Positions: where it begins, where it asks, and its end. */
  readonly from: number;
  readonly askAt: number;
  readonly end: number;
  /** Positions to look at for readers who want no movement. The end is one of them. */
  readonly moments: readonly number[];
  /** How many numbers are to be guessed, the greatest they may be, and what they are at first. */
  readonly guesses: number;
  readonly most: number;
  readonly first: number;
  readonly stepMs: (at: number) => number;
}

/** The middle half of the window. */
const STARTS_WITHIN = "-25% 0px";

/** Where a stage is, and what moves it. */
export interface StagePlayer {
  readonly at: number;
  /** Whether the last move was one step forward. */
  readonly isNext: boolean;
  readonly isPlaying: boolean;
  readonly isStill: boolean;
  /** Whether it has come to its question. */
  readonly isAtQuestion: boolean;
  /** Whether the run has been at its end. */
  readonly isDone: boolean;
  readonly isAtLimit: boolean;
  /** The guess that was kept, and the one that is being made. */
  readonly guess: readonly number[] | undefined;
  readonly draft: readonly number[];
  setDraft(index: number, value: number): void;
  /** Keeps a guess, or none, and goes on. */
  begin(guess: readonly number[] | undefined): void;
  again(): void;
  pauseAt(at: number): void;
  nextMoment(): void;
  toggle(): void;
  pause(): void;
}

/**
 * Predict, then run: once it is seen, a stage plays by itself to its question, waits for a guess, and goes on. A guess is kept in the
 * address. The page's class `asking` holds back the explanation until the run has been at its end.
 */
export function useStagePlayer(plan: StagePlan): StagePlayer {
  const { from, askAt, end, moments, guesses, most, first, stepMs } = plan;
  const display = useDisplay();
  const at = useSignal(from);
  const before = useRef(from);
  const isPlaying = useSignal(false);
  const guess = useSignal(readGuess(location.hash, guesses, most));
  const isAsked = useSignal(guess.value === undefined);
  const draft = useSignal<readonly number[]>(Array<number>(guesses).fill(first));
  const isDone = useSignal(false);
  const limit = isAsked.value ? askAt : end;
  if (at.value === end && !isAsked.value) isDone.value = true;

  const go = (to: number): void => {
    before.current = at.value;
    at.value = Math.max(from, Math.min(to, limit));
  };
  const pauseAt = (to: number): void => {
    isPlaying.value = false;
    go(to);
  };
  useEffect(() => {
    // It waits for the reader to come by.
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (!entry!.isIntersecting) return;
        observer.disconnect();
        if (!display.still.peek() && at.peek() === from) isPlaying.value = true;
      },
      { rootMargin: STARTS_WITHIN },
    );
    observer.observe(document.getElementById("stage")!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (!isPlaying.value) return undefined;
    if (at.value >= limit) {
      isPlaying.value = false;
      return undefined;
    }
    const timer = setTimeout(() => go(at.value + 1), stepMs(at.value));
    return () => clearTimeout(timer);
  }, [isPlaying.value, at.value, limit]);
  useEffect(() => {
    document.documentElement.classList.toggle("asking", !isDone.value);
  }, [isDone.value]);

  return {
    at: at.value,
    isNext: before.current === at.value - 1,
    isPlaying: isPlaying.value,
    isStill: display.still.value,
    isAtQuestion: isAsked.value && at.value >= askAt,
    isDone: isDone.value,
    isAtLimit: at.value >= limit,
    guess: guess.value,
    draft: draft.value,
    setDraft: (index, value) => {
      draft.value = draft.value.map((number, i) => (i === index ? value : number));
    },
    begin: (kept) => {
      guess.value = kept;
      isAsked.value = false;
      history.replaceState(null, "", guessHash(location.hash, kept));
      if (!display.still.value) isPlaying.value = true;
    },
    again: () => {
      isDone.value = false;
      guess.value = undefined;
      isAsked.value = true;
      history.replaceState(null, "", guessHash(location.hash, undefined));
      isPlaying.value = false;
      before.current = at.value;
      at.value = askAt;
    },
    pauseAt,
    nextMoment: () => pauseAt(moments.find((moment) => moment > at.value && moment <= limit) ?? limit),
    toggle: () => {
      isPlaying.value = !isPlaying.value;
    },
    pause: () => {
      isPlaying.value = false;
    },
  };
}
