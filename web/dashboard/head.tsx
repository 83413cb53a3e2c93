import type { Signal } from "@preact/signals";
import { useDashboard } from "../live/dashboard.ts";
import type { Theme } from "../live/display.ts";
import { savePage } from "./save.ts";
import { VIEWS } from "./views.ts";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

/** The page's name, its parts, and its switches. */
export function Head() {
  const dashboard = useDashboard();
  const { display, reading, api } = dashboard;
  const service = reading.value?.service;
  const next = THEMES[(THEMES.indexOf(display.theme.value) + 1) % THEMES.length]!;
  return (
    <header class="head">
      <p class="brand">
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <path d="M1 6h9M1 11h9M1 16h9M18 20h7" />
          <rect x="11.5" y="1.5" width="5" height="23" rx="1.5" />
        </svg>
        Glasscache
      </p>
      <p class="which">
        {service} <code>{location.protocol === "file:" ? "saved" : location.host}</code>
      </p>
      <nav aria-label="Views">
        {VIEWS.filter(({ services }) => service === undefined || services.includes(service)).map(
          ({ id, title }) => (
            <a key={id} href={`#${id}`}>
              {title}
            </a>
          ),
        )}
      </nav>
      <div class="tools">
        <Toggle of={display.explain} label="Explain" title="Opens the sentence of each figure" />
        <Toggle of={display.still} label="Still" title="Stops all that moves" />
        <button type="button" onClick={() => (display.theme.value = next)} title={`Change to: ${next}`}>
          {{ system: "Auto", light: "Light", dark: "Dark" }[display.theme.value]}
        </button>
        {!api.isSaved && (
          <button
            type="button"
            onClick={() => savePage(dashboard)}
            title="One file with all that is shown, to keep or send"
          >
            Save
          </button>
        )}
      </div>
    </header>
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
