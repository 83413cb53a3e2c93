import { render } from "preact";
import { DashboardProvider, liveDashboard, type SavedPage, savedDashboard } from "../live/dashboard.ts";
import { DisplayProvider } from "../live/display.ts";
import { App } from "./app.tsx";

/** A saved page brings its data along. */
const saved = document.getElementById("saved")?.textContent;
const dashboard = saved ? savedDashboard(JSON.parse(saved) as SavedPage) : liveDashboard();
const root = document.body.appendChild(document.createElement("div"));
render(
  <DashboardProvider value={dashboard}>
    <DisplayProvider value={dashboard.display}>
      <App />
    </DisplayProvider>
  </DashboardProvider>,
  root,
);
