import { useSignal } from "@preact/signals";
import type { ToldKey, WatchReport } from "../../src/instruments/view.ts";
import { problemText } from "../live/api.ts";
import { useDashboard } from "../live/dashboard.ts";

/** A field for a key's name: shows its story, or watches it or all keys of a pattern. */
export function FindKey({ onFind }: { readonly onFind: (name: ToldKey) => void }) {
  const { api } = useDashboard();
  const text = useSignal("");
  const message = useSignal("");
  const isPattern = /[*?[\\]/.test(text.value);
  const watch = async (): Promise<void> => {
    try {
      await api.send<WatchReport>("POST", "/api/watch", { pattern: text.value });
      message.value = `Watching ${text.value}: its whole story is kept from now on.`;
    } catch (error) {
      message.value = problemText(error);
    }
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    message.value = "";
    if (text.value === "") return;
    if (isPattern) void watch();
    else onFind({ text: text.value });
  };
  if (api.isSaved) return null;
  return (
    <form class="find" onSubmit={submit}>
      <label>
        <span class="label">A key's name, or a pattern to watch such as user:*:cart</span>
        <input
          type="search"
          name="key"
          autocomplete="off"
          spellcheck={false}
          value={text.value}
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value;
          }}
        />
      </label>
      <button type="submit" class="main" disabled={text.value === ""}>
        {isPattern ? "Watch" : "Show its story"}
      </button>
      {!isPattern && (
        <button type="button" disabled={text.value === ""} onClick={watch}>
          Watch
        </button>
      )}
      <span role="status" class="label">
        {message.value}
      </span>
    </form>
  );
}
