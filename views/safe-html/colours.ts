/**
 * Colours of a mail for a dark page: each is written beside what it becomes there, `light-dark(#fff,#1b2023)`, so that
 * one document serves both and the browser chooses. Lightness is turned round in OKLab, which keeps what stands out
 * standing out; hue stays. Nothing is laid over the mail, so its pictures are as they were.
 */

/** Of what is written with, or of what is written on. */
type Role = 'text' | 'surface';
type Rgb = [red: number, green: number, blue: number];

/** CSS Color 4 §6.1, as `name rrggbb`. */
const NAMES = new Map(
  `aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc bisque ffe4c4 black 000000
   blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a burlywood deb887 cadetblue 5f9ea0 chartreuse 7fff00
   chocolate d2691e coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff darkblue 00008b darkcyan
   008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9 darkkhaki bdb76b darkmagenta 8b008b
   darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred 8b0000 darksalmon e9967a darkseagreen 8fbc8f
   darkslateblue 483d8b darkslategray 2f4f4f darkslategrey 2f4f4f darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493
   deepskyblue 00bfff dimgray 696969 dimgrey 696969 dodgerblue 1e90ff firebrick b22222 floralwhite fffaf0 forestgreen 228b22
   fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700 goldenrod daa520 gray 808080 green 008000 greenyellow adff2f
   grey 808080 honeydew f0fff0 hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa
   lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 lightcoral f08080 lightcyan e0ffff
   lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90 lightgrey d3d3d3 lightpink ffb6c1 lightsalmon ffa07a
   lightseagreen 20b2aa lightskyblue 87cefa lightslategray 778899 lightslategrey 778899 lightsteelblue b0c4de lightyellow ffffe0
   lime 00ff00 limegreen 32cd32 linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa mediumblue 0000cd
   mediumorchid ba55d3 mediumpurple 9370db mediumseagreen 3cb371 mediumslateblue 7b68ee mediumspringgreen 00fa9a
   mediumturquoise 48d1cc mediumvioletred c71585 midnightblue 191970 mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5
   navajowhite ffdead navy 000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23 orange ffa500 orangered ff4500 orchid da70d6
   palegoldenrod eee8aa palegreen 98fb98 paleturquoise afeeee palevioletred db7093 papayawhip ffefd5 peachpuff ffdab9 peru
   cd853f pink ffc0cb plum dda0dd powderblue b0e0e6 purple 800080 rebeccapurple 663399 red ff0000 rosybrown bc8f8f royalblue
   4169e1 saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57 seashell fff5ee sienna a0522d silver c0c0c0
   skyblue 87ceeb slateblue 6a5acd slategray 708090 slategrey 708090 snow fffafa springgreen 00ff7f steelblue 4682b4 tan d2b48c
   teal 008080 thistle d8bfd8 tomato ff6347 turquoise 40e0d0 violet ee82ee wheat f5deb3 white ffffff whitesmoke f5f5f5 yellow
   ffff00 yellowgreen 9acd32`
    .trim()
    .split(/\s+/)
    .reduce<[string, string][]>((pairs, word, at, all) => {
      if (at % 2 === 0) pairs.push([word, all[at + 1] ?? '']);
      return pairs;
    }, []),
);

const COLOUR = /#[0-9a-f]{3,8}(?![\w-])|(?<![\w-])(?:rgb|hsl)a?\([\d\s.,%/+-]*\)|(?<![\w#.-])[a-z]{3,20}(?![\w(.-])/gi;
const PAINTING = /^(?:color|background|background-color|border.*|outline.*|column-rule.*|text-decoration.*)$/;

/** The declaration with each colour for a light and a dark page; null: there is none in it. */
export function forBothPages(name: string, value: string): string | null {
  if (!PAINTING.test(name) || value.length > 1_000) return null;
  const role = name === 'color' || name.startsWith('text-') ? 'text' : 'surface';
  let found = false;
  const both = value.replace(COLOUR, colour => {
    const dark = turned(colour, role);
    found ||= dark !== null;
    return dark === null ? colour : `light-dark(${colour},${dark})`;
  });
  return found ? both : null;
}

/** Is this a colour that its author chose for a dark page? */
export function isDark(colour: string): boolean {
  const read = readColour(colour);
  return read !== null && read.alpha > 0.5 && toOklab(read.rgb)[0] < 0.35;
}

/** What a colour becomes on a dark page; null: it is none that we know. */
export function turned(colour: string, role: Role): string | null {
  const read = readColour(colour);
  if (!read) return null;
  const [lightness, a, b] = toOklab(read.rgb);
  // Black ends as the text of the dark page and white as its surface; dark greys written with stay readable on it.
  const dark = role === 'text' && lightness < 0.72 ? 0.94 - 0.35 * lightness : 0.94 - 0.7 * lightness;
  const hex = fromOklab([dark, a * 0.9, b * 0.9])
    .map(part =>
      Math.round(part * 255)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('');
  const alpha = Math.round(read.alpha * 255);
  return `#${hex}${alpha === 255 ? '' : alpha.toString(16).padStart(2, '0')}`;
}

function readColour(text: string): { rgb: Rgb; alpha: number } | null {
  const colour = text.trim().toLowerCase();
  const hex = colour.startsWith('#') ? colour.slice(1) : NAMES.get(colour);
  if (hex !== undefined) return fromHex(hex);
  const call = /^(rgb|hsl)a?\(([^()]*)\)$/.exec(colour);
  return call ? fromCall(call[1]!, call[2]!) : null;
}

function fromHex(hex: string): { rgb: Rgb; alpha: number } | null {
  const wide = hex.length < 5 ? hex.replace(/./g, '$&$&') : hex;
  if (wide.length !== 6 && wide.length !== 8) return null;
  const [red = 0, green = 0, blue = 0, alpha = 255] = wide.match(/../g)!.map(pair => Number.parseInt(pair, 16));
  return { rgb: [red / 255, green / 255, blue / 255], alpha: alpha / 255 };
}

function fromCall(kind: string, inside: string): { rgb: Rgb; alpha: number } | null {
  const parts = inside.split(/[\s,/]+/).filter(part => part !== '');
  if (parts.length < 3 || parts.length > 4) return null;
  const part = (at: number, whole: number): number => {
    const number = Number.parseFloat(parts[at]!);
    return Math.min(1, Math.max(0, parts[at]!.endsWith('%') ? number / 100 : number / whole)) || 0;
  };
  const alpha = parts.length === 4 ? part(3, 1) : 1;
  if (kind === 'rgb') return { rgb: [part(0, 255), part(1, 255), part(2, 255)], alpha };
  return { rgb: fromHsl((Number.parseFloat(parts[0]!) || 0) / 360, part(1, 100), part(2, 100)), alpha };
}

/** CSS Color 4 §7.1. */
function fromHsl(hue: number, saturation: number, lightness: number): Rgb {
  const part = (n: number): number => {
    const k = (((n + hue * 12) % 12) + 12) % 12;
    const most = saturation * Math.min(lightness, 1 - lightness);
    return lightness - most * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  };
  return [part(0), part(8), part(4)];
}

const linear = (part: number): number => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
const gamma = (part: number): number => (part <= 0.0031308 ? part * 12.92 : 1.055 * part ** (1 / 2.4) - 0.055);

/** CSS Color 4 §10.2, by way of the cone responses. */
function toOklab(rgb: Rgb): Rgb {
  const [r, g, b] = rgb.map(linear) as Rgb;
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromOklab([lightness, a, b]: Rgb): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const rgb: Rgb = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return rgb.map(part => Math.min(1, Math.max(0, gamma(part)))) as Rgb;
}
