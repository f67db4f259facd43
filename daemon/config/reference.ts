import { type Declaration, declarations } from './settings.ts';

/** The reference of all settings, as Markdown; docs/settings.md is this text. */
export function settingsReference(): string {
  const all = Object.entries(declarations) as [string, Declaration<unknown>][];
  const groups = [...new Set(all.map(([, d]) => d.group))];
  const group = (g: string) =>
    `## ${g}\n\n${all
      .filter(([, d]) => d.group === g)
      .map(one)
      .join('\n')}`;
  return `# Settings\n\n${head}\n\n${groups.map(group).join('\n')}`.trimEnd();
}

const head = `One line a setting in \`cwmail.conf\`: its name, then its value. Lines beginning with \`#\` are comments.
\`#include FILE\` takes another file in; \`#include conf.d/*.conf\` takes all that match, by name. \`cwmail config check\` names every
mistake with its line. Without a file the defaults hold, and \`online\` is \`never\`.

\`cwmail reload\` applies a changed file without a restart and says what it applied; settings marked so below need one. An old
\`dmail.conf\` may be given with \`--config\`: what is called differently is mapped, what is not needed is ignored, and
\`cwmail config import-report\` says so line by line.

Lists of IP addresses take addresses (\`192.0.2.1\`, \`2001:db8::1\`), networks (\`10.0.0.0/8\`, \`2001:db8::/32\`), ranges of a part
(\`161.29.3-5.0-255\`) and wildcards (\`161.29.*\`: \`*\` is any run of characters, dots too, \`?\` exactly one; \`*\` alone is every
address). \`!\` in front means: the rest must not match. One entry has wildcards or \`!\`, or a range, never both. In a *restrictive*
list every entry must pass (\`*,!161.29.5.*\`); in a *selecting* list one is enough, and an entry with \`!\` excludes.
\`cwmail config test-ip SETTING ADDRESS\` says what a list makes of an address.`;

function one([name, d]: [string, Declaration<unknown>]): string {
  const facts = [
    `Default: ${shownDefault(d)}.`,
    d.kind === 'lines' ? 'May be repeated.' : '',
    d.list ? `A ${d.list} list.` : '',
    d.restart ? 'Needs a restart.' : '',
  ];
  return `### \`${name} ${d.form}\`\n\n${d.doc}\n\n${facts.filter(f => f !== '').join(' ')}\n`;
}

function shownDefault(d: Declaration<unknown>): string {
  const value = Array.isArray(d.initial) ? d.initial.join(',') : String(d.initial);
  if (value === '') return 'none';
  if (d.form === 'TIME') return `\`${shownTime(Number(value))}\``;
  if (d.form === 'SIZE' && value !== '0') return `\`${Number(value) / 1024 ** 2}M\``;
  return `\`${value}\``;
}

/** In the largest unit up to hours that leaves no fraction. */
function shownTime(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  return ms % 60_000 === 0 ? `${ms / 60_000}m` : `${ms / 1000}s`;
}
