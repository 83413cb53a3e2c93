import { systemClock } from "../../src/lib/clock.ts";
import type { FromPlayWorker, ToPlayWorker } from "./messages.ts";
import { PlayDesk } from "./play-desk.ts";

/** The entry point of the page's worker. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
const desk = new PlayDesk(systemClock, pause, (message: FromPlayWorker) => self.postMessage(message));
self.onmessage = ({ data }: MessageEvent<ToPlayWorker>) => void desk.receive(data);
