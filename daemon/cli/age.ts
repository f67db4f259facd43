/** A span of seconds in its two largest units: what is smaller says nothing. */
export function inWords(seconds: number): string {
  const units: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [Math.floor(seconds) % 60, 's'],
  ];
  const first = Math.max(
    0,
    units.findIndex(([n]) => n > 0),
  );
  const told = seconds < 1 ? units.slice(-1) : units.slice(first, first + 2);
  return told
    .filter(([n], i) => i === 0 || n > 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(' ');
}
