import { useId } from "preact/hooks";

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
  return (
    <div class={`field ${name}`}>
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        value={value}
        placeholder={placeholder}
        spellcheck={false}
        autocomplete="off"
        onChange={({ currentTarget }) => onValue(currentTarget.value)}
      />
    </div>
  );
}
