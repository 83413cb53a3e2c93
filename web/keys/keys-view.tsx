import { useSignal } from "@preact/signals";
import type { ToldKey } from "../../src/instruments/view.ts";
import { Biography } from "../biography/biography.tsx";
import { useDashboard } from "../live/dashboard.ts";
import { Awaited, View } from "../parts/view.tsx";
import { Families } from "./families.tsx";
import { FindKey } from "./find-key.tsx";
import { HotKeys } from "./hot-keys.tsx";
import { Watched } from "./watched.tsx";

/** Which keys matter: families, hot and big keys, stories. */
export function KeysView() {
  const { reading } = useDashboard();
  const { hot, families, watch } = reading.value?.sections ?? {};
  const opened = useSignal<ToldKey | undefined>(undefined);
  const open = (name: ToldKey): void => {
    opened.value = name;
  };
  return (
    <View
      id="keys"
      title="Keys"
      lessons={["popularity"]}
      question="Which keys matter, and what should change?"
    >
      <FindKey onFind={open} />
      {opened.value !== undefined && (
        <Biography name={opened.value} onClose={() => (opened.value = undefined)} />
      )}
      <div class="keys">
        <section class="wide">
          <h3>Families: keys that differ in a number or an id only</h3>
          {families === undefined || families.families.length === 0 ? (
            <Awaited>Families appear once keys have been read.</Awaited>
          ) : (
            <Families families={families.families} />
          )}
        </section>
        {hot !== undefined && <HotKeys hot={hot} onOpen={open} />}
        {watch !== undefined && <Watched watch={watch} onOpen={open} />}
      </div>
    </View>
  );
}
