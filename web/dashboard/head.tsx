import { useDashboard } from "../live/dashboard.ts";
import { Brand, DisplaySwitches } from "../parts/page-head.tsx";
import { savePage } from "./save.ts";
import { VIEWS } from "./views.ts";

/** The page's name, its parts, and its switches. */
export function Head() {
  const dashboard = useDashboard();
  const { reading, api } = dashboard;
  const service = reading.value?.service;
  return (
    <header class="head">
      <Brand />
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
        {!api.isSaved && <a href="/learn">Learn</a>}
      </nav>
      <div class="tools">
        <DisplaySwitches />
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
