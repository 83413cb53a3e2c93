/** Calls `act`; what it throws names the setting. @throws RangeError */
export function forSetting<T>(name: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new RangeError(`--${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A new value of a setting, as a user writes it. */
export interface SettingChange {
  /** Of the setting's flag. */
  readonly name: string;
  readonly text: string;
}
