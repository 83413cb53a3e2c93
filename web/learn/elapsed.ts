/** Returns `0:01.23`, `14:05.20`, `3:14:05`, `2 d 3:14:05`. */
export function elapsedText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  if (hours === 0) return `${minutes}:${two(seconds % 60)}.${two(Math.floor((ms % 1000) / 10))}`;
  const days = Math.floor(hours / 24);
  return `${days > 0 ? `${days} d ` : ""}${hours % 24}:${two(minutes)}:${two(seconds % 60)}`;
}
