import { perList } from '../../config.ts';
import { isWild, namePattern } from '../../mail/pattern.ts';

type Rule = { domain: string };
type Table<R> = { exact: Map<string, R[]>; wild: { matches: (domain: string) => boolean; rules: R[] }[] };

const tables = perList((rules: readonly Rule[]) => compiled(rules));

/**
 * The rules of the most specific domain that fits, in their order: the domain itself, else the pattern with the most
 * letters, so that `*.office.example` counts before `*.example`, and `*` comes last. Settings keep their lists until
 * they change, so a list is compiled once.
 */
export function rulesFor<R extends Rule>(domain: string, rules: readonly R[]): R[] {
  const table = tables(rules) as Table<R>;
  return table.exact.get(domain) ?? table.wild.find(w => w.matches(domain))?.rules ?? [];
}

function compiled<R extends Rule>(rules: readonly R[]): Table<R> {
  const groups = [...Map.groupBy(rules, r => r.domain)];
  const letters = (domain: string) => domain.replace(/[*?]/g, '').length;
  return {
    exact: new Map(groups.filter(([domain]) => !isWild(domain))),
    wild: groups
      .filter(([domain]) => isWild(domain))
      .sort(([a], [b]) => letters(b) - letters(a))
      .map(([domain, own]) => ({ matches: namePattern(domain), rules: own })),
  };
}
