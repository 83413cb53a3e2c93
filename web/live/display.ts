import { effect, type Signal, signal } from "@preact/signals";
import { type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Clock } from "../../src/lib/clock.ts";

const TOUCHES = ["pointermove", "keydown", "scroll", "focus"] as const;
const UNATTENDED_MS = 60_000;

export type Theme = "system" | "light" | "dark";

/** A sentence that is shown beside what it explains. */
export interface ShownTip {
  readonly id: string;
  readonly says: ComponentChildren;
  readonly left: number;
  readonly top: number;
  /** Whether `top` is the tip's lower edge. */
  readonly isAbove: boolean;
}

/** How the reader wants to see the page; remembered by the browser. */
export class Display {
  /** Whether each figure's sentence is open. */
  readonly explain: Signal<boolean> = signal(false);
  /** Whether nothing moves. Readers who ask their system for less motion begin so. */
  readonly still: Signal<boolean> = signal(matchMedia("(prefers-reduced-motion: reduce)").matches);
  readonly theme: Signal<Theme> = signal(remembered("theme") ?? "system");

  /** Whether somebody has touched the page of late. Drawing what moves costs the browser most, so else less moves. */
  readonly isAttended: Signal<boolean> = signal(true);
  /** The one sentence that is shown on hover or focus. */
  readonly tip: Signal<ShownTip | undefined> = signal(undefined);

  constructor(clock: Clock) {
    attend(this.isAttended, clock);
    const root = document.documentElement;
    effect(() => void root.classList.toggle("explain", this.explain.value));
    effect(() => void root.classList.toggle("still", this.still.value));
    effect(() => {
      const theme = this.theme.value;
      if (theme === "system") delete root.dataset["theme"];
      else root.dataset["theme"] = theme;
      remember("theme", theme);
    });
  }
}

const DisplayContext = createContext<Display | undefined>(undefined);
export const DisplayProvider = DisplayContext.Provider;

/** How the reader wants to see the page that a part belongs to. */
export function useDisplay(): Display {
  const display = useContext(DisplayContext);
  if (display === undefined) throw new Error("a part stands outside of the page");
  return display;
}

function attend(isAttended: Signal<boolean>, clock: Clock): void {
  let touchedMs = clock.monotonicMs();
  const touch = (): void => {
    touchedMs = clock.monotonicMs();
    isAttended.value = true;
  };
  for (const event of TOUCHES) addEventListener(event, touch, { passive: true });
  setInterval(() => {
    if (clock.monotonicMs() - touchedMs > UNATTENDED_MS) isAttended.value = false;
  }, 5000);
}

function remembered(name: string): Theme | undefined {
  try {
    const value = localStorage.getItem(`glasscache-${name}`);
    return value === "light" || value === "dark" ? value : undefined;
  } catch {
    // Some browsers keep nothing for pages that were opened from a file.
    return undefined;
  }
}

function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`glasscache-${name}`, value);
  } catch {
    // As above: the page works without.
  }
}
