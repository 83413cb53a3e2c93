import { useId, useState } from "preact/hooks";

interface FieldProps {
  readonly label: string;
  readonly class?: string;
  readonly value: string;
  /** Shown while it is empty. */
  readonly placeholder?: string;
  readonly onValue: (text: string) => void;
}

/** A text that is taken when it is finished: with Enter, or when the focus leaves. */
export function Field({ label, class: name = "", value, placeholder, onValue }: FieldProps) {
  const id = useId();
  // What is being typed stays when the page is drawn again meanwhile.
  const [draft, setDraft] = useState<string>();
  return (
    <div class={`field ${name}`}>
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        value={draft ?? value}
        placeholder={placeholder}
        spellcheck={false}
        autocomplete="off"
        onInput={({ currentTarget }) => setDraft(currentTarget.value)}
        onChange={({ currentTarget }) => {
          setDraft(undefined);
          onValue(currentTarget.value);
        }}
      />
    </div>
  );
}
