import { render } from "preact";
import { systemClock } from "../../src/lib/clock.ts";
import { systemTimers } from "../../src/lib/timers.ts";
import { Display, DisplayProvider } from "../live/display.ts";
import type { FromPlayWorker } from "../play/messages.ts";
import { App } from "./app.tsx";
import { loadTrace } from "./load-trace.ts";
import { Player } from "./player.ts";
import type { PlayWorker } from "./player-host.ts";
import { SandboxFrame } from "./sandbox-frame.ts";

/** The page holds further scripts as text, so that it is one file and works from a disk. */
const block = (id: string): HTMLElement => document.getElementById(id)!;
const script = block("worker").textContent;
const scriptUrl = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));

function openWorker(): PlayWorker {
  const worker = new Worker(scriptUrl);
  return {
    send: (message) => worker.postMessage(message),
    onMessage: (receive) => {
      worker.onmessage = ({ data }: MessageEvent<FromPlayWorker>) => receive(data);
    },
  };
}

const player = new Player(
  {
    openWorker,
    openSandbox: (code) =>
      new SandboxFrame(
        {
          policy: block("frame").dataset["policy"]!,
          frame: block("frame").textContent,
          driver: block("worker").textContent,
        },
        code,
        systemTimers,
      ),
    clock: systemClock,
    nextFrame: (draw) => requestAnimationFrame(draw),
    showHash: (hash) => history.replaceState(null, "", hash),
    loadTrace,
  },
  location.hash,
);
addEventListener("hashchange", () => player.read(location.hash));

const display = new Display(systemClock);
if (location.hash === "") player.introduce(display.still.peek());

const root = document.body.appendChild(document.createElement("div"));
render(
  <DisplayProvider value={display}>
    <App player={player} />
  </DisplayProvider>,
  root,
);
