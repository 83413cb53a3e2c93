import { useSignal } from "@preact/signals";
import { problemText } from "../live/api.ts";
import { useDashboard } from "../live/dashboard.ts";

export interface ApplyProps {
  readonly chosen: string;
  readonly present: string;
  readonly size: string;
  readonly factor: number;
}

/** Changes the policy of the running cache, and changes it back. */
export function Apply({ chosen, present, size, factor }: ApplyProps) {
  const { api } = useDashboard();
  /** The policy to go back to. */
  const before = useSignal<string | undefined>(undefined);
  const message = useSignal("");
  const isBusy = useSignal(false);
  const change = async (policy: string, undo: string | undefined): Promise<void> => {
    isBusy.value = true;
    message.value = "";
    try {
      await api.send("POST", "/api/settings", { name: "policy", value: policy });
      message.value = `The policy is ${policy} now. The charts mark this moment; its entries stayed.`;
      before.value = undo;
    } catch (error) {
      message.value = problemText(error);
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <div class="apply">
      <p>
        <button
          type="button"
          class="main"
          disabled={isBusy.value || chosen === present || api.isSaved}
          onClick={() => change(chosen, present)}
        >
          {chosen === present ? `Policy: already ${present}` : `Change the policy to ${chosen}`}
        </button>{" "}
        {before.value !== undefined && before.value !== present && (
          <button type="button" disabled={isBusy.value} onClick={() => change(before.value!, undefined)}>
            Undo: back to {before.value}
          </button>
        )}
      </p>
      <p role="status" class="applied">
        {message.value}
      </p>
      {Math.abs(Math.log2(factor)) > 0.05 && (
        <p class="prose">
          The size is a setting of the start: <code>--memory</code>. <code>CONFIG SET memory</code> changes it
          while it runs, up to <code>--max-memory</code>. What is told here is for {size}.
        </p>
      )}
    </div>
  );
}
