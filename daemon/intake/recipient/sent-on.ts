import type { Route } from '../../store.ts';

type Via = NonNullable<Extract<Route, { kind: 'relay' }>['via']>;

/**
 * Routes behind `before` are those a mailbox sends its mail on by, so that mail which comes back is known here, and
 * ends the circle. What goes to one of its goals for somebody else already is its own as well.
 */
export function sentOn(
  routes: Route[],
  before: number,
  { via, goals, isAuthor }: { via: Via; goals: string[]; isAuthor: boolean },
): void {
  for (const [i, route] of routes.entries()) {
    if (route.kind !== 'relay') continue;
    if (i < before) {
      if (route.via && goals.includes(route.address)) route.also = [...(route.also ?? []), via];
      continue;
    }
    route.via ??= via;
    if (isAuthor) route.author ??= via;
  }
}
