import type { Signal } from "@preact/signals";
import { type Theme, useDisplay } from "../live/display.ts";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

/** The name of all pages. */
export function Brand() {
  return (
    <p class="brand">
      <svg viewBox="0 0 26 26" aria-hidden="true">
        <path d="M1 6h9M1 11h9M1 16h9M18 20h7" />
        <rect x="11.5" y="1.5" width="5" height="23" rx="1.5" />
      </svg>
      Glasscache
    </p>
  );
}

/** The reader's switches. */
export function DisplaySwitches() {
  const { explain, still } = useDisplay();
  return (
    <>
      <Toggle of={explain} label="Explain" title="Opens the sentence of each figure" />
      <Toggle of={still} label="Still" title="Stops all that moves" />
      <ThemeSwitch />
    </>
  );
}

/** The system's colours, light or dark. */
export function ThemeSwitch() {
  const { theme } = useDisplay();
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]!;
  return (
    <button type="button" onClick={() => (theme.value = next)} title={`Change to: ${next}`}>
      {{ system: "Auto", light: "Light", dark: "Dark" }[theme.value]}
    </button>
  );
}

function Toggle({
  of,
  label,
  title,
}: {
  readonly of: Signal<boolean>;
  readonly label: string;
  readonly title: string;
}) {
  return (
    <button type="button" aria-pressed={of.value} title={title} onClick={() => (of.value = !of.value)}>
      {label}
    </button>
  );
}
