import type { Player } from "./player.ts";

/** What has keys of its own. */
const OWN_KEYS = "input, select, textarea, .tank, .chart, [contenteditable]";
const OWN_SPACE = `${OWN_KEYS}, button, summary, a`;

/** The page's keys, as far as what has the focus does not want them itself. */
export function onKey(event: KeyboardEvent, player: Player): void {
  if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
  const target = event.target instanceof Element ? event.target : undefined;
  if (target?.closest(event.key === " " ? OWN_SPACE : OWN_KEYS)) return;
  const action = KEYS[event.key];
  if (action === undefined) return;
  event.preventDefault();
  action(player, event.shiftKey ? 10 : 1);
}

const KEYS: Readonly<Record<string, (player: Player, times: number) => void>> = {
  " ": (player) => player.toggle(),
  ArrowRight: (player, times) => player.step(times),
  ArrowLeft: (player, times) => player.step(-times),
  Home: (player) => player.seek(0),
  End: (player) => player.seek(Number.MAX_SAFE_INTEGER),
  "+": (player) => player.shiftSpeed(1),
  "-": (player) => player.shiftSpeed(-1),
};
