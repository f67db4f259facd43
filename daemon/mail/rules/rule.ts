/** `to` is To and Cc, `list` is List-Id, `header` a field named by the rule. */
export const textFields = ['from', 'to', 'subject', 'list', 'header'] as const;
export type TextField = (typeof textFields)[number];

/** Letter case never matters; `matches` covers the whole text, with `*` and `?`. */
export const textTests = ['contains', 'lacks', 'is', 'matches'] as const;
export type TextTest = (typeof textTests)[number];

export type TextCondition = { test: TextTest; text: string } & (
  | { field: Exclude<TextField, 'header'> }
  | { field: 'header'; name: string }
);

export type Condition =
  | TextCondition
  | { field: 'size'; test: 'over' | 'under'; octets: number }
  | { field: 'attachment'; has: boolean };

/** A folder by its id, or what every account has. */
export type Place = { folder: number } | 'junk' | 'trash';

export type Deed = {
  /** Null: it stays where it would be. */
  place: Place | null;
  /** Ids of labels; of those that are gone nothing comes. */
  labels: number[];
  read: boolean;
  star: boolean;
  /** Without `keep` the own copy goes to the trash. */
  forward: { to: string; keep: boolean } | null;
  /** Rules behind this one are not looked at. */
  stop: boolean;
};

export type Rule = {
  /** Must all conditions hold? False: one is enough. */
  all: boolean;
  conditions: Condition[];
  deed: Deed;
};

export const mostConditions = 10;
export const mostLabelsGiven = 10;
/** UTF-16 units of a condition's text. */
export const longestText = 200;

/** RFC 5322 §2.2. */
export const isHeaderName = (name: string): boolean => /^[!-9;-~]{1,76}$/.test(name);
