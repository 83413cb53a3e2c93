import { countText, percentText } from "../parts/text.ts";
import type { Player } from "./player.ts";

/** In place of what the last request did: why a cache with the written policy stands still. */
export function WrittenState({ player, at }: { readonly player: Player; readonly at: number }) {
  const { running, isForeign, report, share } = player.written;
  const fault = report.value?.run;
  if (isForeign.value || running.value === undefined) {
    return (
      <p class="sentence">
        <b>Not run yet.</b> {isForeign.value ? "Its code came with the address. Read it" : "Look at its code"}{" "}
        <button type="button" class="to-line" onClick={lead}>
          below
        </button>
        , then run it.
      </p>
    );
  }
  if (share.value !== undefined) {
    return <p class="sentence">Its decisions are being made: {percentText(share.value, 0)} %.</p>;
  }
  if (fault !== undefined && at > fault.at) {
    return (
      <p class="sentence">
        <b class="wrong">! Stopped</b> at request {countText(fault.at + 1)}: {fault.text}. It stands as it was
        before.
      </p>
    );
  }
  if (at === 0) return <p class="sentence label">Empty. The first requests will all be misses.</p>;
  return (
    <p class="sentence">
      <b class="wrong">! Stopped.</b>{" "}
      <button type="button" class="to-line" onClick={lead}>
        What is wrong
      </button>
    </p>
  );
}

/** The address holds the settings, so there can be no link within the page. */
function lead(): void {
  document.getElementById("written")?.querySelector("textarea")?.focus();
}
