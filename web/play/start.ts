import { systemClock } from "../../src/lib/clock.ts";
import type { FromPlayWorker, ToPlayWorker } from "./messages.ts";
import { PlayDesk } from "./play-desk.ts";

/** Answers the page's messages. @param first the one that has come */
export function startPlaying(first: ToPlayWorker): void {
  // Lets messages in. A timer would wait for some milliseconds.
  const channel = new MessageChannel();
  const waiting: (() => void)[] = [];
  channel.port1.onmessage = () => waiting.shift()!();
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      waiting.push(resolve);
      channel.port2.postMessage(undefined);
    });
  const desk = new PlayDesk(systemClock, pause, (message: FromPlayWorker) => self.postMessage(message));
  self.onmessage = ({ data }: MessageEvent<ToPlayWorker>) => void desk.receive(data);
  void desk.receive(first);
}
