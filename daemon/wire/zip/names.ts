/** Octets of a name, with room for what makes it different. */
const LONGEST_NAME = 200;
/** Names of devices, which Windows opens whatever ending they have. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d\u00b9\u00b2\u00b3])\s*(?:\.|$)/i;

/** A name that every disk takes, and that is a name alone: no path, no device, nothing that re-orders it. */
export function safeName(given: string): string {
  const plain = given
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '')
    .replace(/[<>:"/\\|?*]/g, '_')
    .replace(/^[\s.]+|[\s.]+$/g, '');
  const named = plain === '' ? 'file' : DEVICE.test(plain) ? `_${plain}` : plain;
  return shortened(named.toWellFormed());
}

/** Keeps the ending. */
function shortened(name: string): string {
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  const ending = /\.[\w-]{1,12}$/.exec(name)?.[0] ?? '';
  let stem = name.slice(0, name.length - ending.length);
  while (Buffer.byteLength(stem) + ending.length > LONGEST_NAME)
    stem = stem.slice(0, Math.min(stem.length - 1, LONGEST_NAME));
  // Windows opens no file whose name ends like this.
  return stem.toWellFormed().replace(/[\s.]+$/, '') + ending;
}

/** Safe, and different also on disks that make no difference between upper and lower case. */
export function distinctNames(given: readonly string[]): string[] {
  const taken = new Set<string>();
  const next = new Map<string, number>();
  return given.map(name => {
    const safe = safeName(name);
    const [, stem = safe, ending = ''] = /^(.+?)(\.[\w-]{1,12})?$/s.exec(safe) ?? [];
    let wanted = safe;
    for (let n = next.get(safe.toLowerCase()) ?? 2; taken.has(wanted.toLowerCase()); n++) {
      wanted = `${stem} (${n})${ending}`;
      next.set(safe.toLowerCase(), n + 1);
    }
    taken.add(wanted.toLowerCase());
    return wanted;
  });
}
