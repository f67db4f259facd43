/** Days that a form asks for until one is reminded. */
const mostDays = 60;

/** 0: no reminder. */
export const daysOf = (text: string): number => (/^\d{1,2}$/.test(text) ? Math.min(Number(text), mostDays) : 0);
