/** What a person calls a folder, a label or a search: a line that can be read, and told from others. `longest`: characters. */
export const isNameLine = (name: string, longest: number): boolean =>
  name !== '' && [...name].length <= longest && !/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u.test(name);
