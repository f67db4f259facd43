/** The languages there are, and which of them somebody reads. */
import ar from './ar.json' with { type: 'json' };
import de from './de.json' with { type: 'json' };
import en from './en.json' with { type: 'json' };
import es from './es.json' with { type: 'json' };
import fr from './fr.json' with { type: 'json' };
import ja from './ja.json' with { type: 'json' };

export type Key = keyof typeof en;

/** A sentence, or one for each plural category of the language (Unicode TR 35, part 3). */
export type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;

type Catalogue = Partial<Record<Key, Entry>>;
type Spoken = {
  /** As its speakers call it. */
  name: string;
  dir: 'ltr' | 'rtl';
  /** How dates and numbers are written where no region is told. */
  locale: string;
  catalogue: Catalogue;
};

export type Language = 'en' | 'de' | 'es' | 'fr' | 'ja' | 'ar';

export const languages: Record<Language, Spoken> = {
  en: { name: 'English', dir: 'ltr', locale: 'en-GB', catalogue: en },
  de: { name: 'Deutsch', dir: 'ltr', locale: 'de-DE', catalogue: de },
  es: { name: 'Español', dir: 'ltr', locale: 'es-ES', catalogue: es },
  fr: { name: 'Français', dir: 'ltr', locale: 'fr-FR', catalogue: fr },
  ja: { name: '日本語', dir: 'ltr', locale: 'ja-JP', catalogue: ja },
  ar: { name: 'العربية', dir: 'rtl', locale: 'ar-EG', catalogue: ar },
};

export const isLanguage = (text: string): text is Language => Object.hasOwn(languages, text);

/** What a language lacks is said in English. */
export const entryOf = (language: Language, key: Key): Entry => languages[language].catalogue[key] ?? en[key];

export const isKey = (text: string): text is Key => Object.hasOwn(en, text);

type Wish = { language: string; region: string | null; weight: number };

/** The languages of Accept-Language (RFC 9110 §12.5.4), those liked best first. */
function wishes(header: string): Wish[] {
  const ranges = header.slice(0, 500).split(',').slice(0, 20);
  const found = ranges.flatMap(range => {
    const [, language, region, q] =
      /^\s*([a-z]{2,3})(?:-[a-z]{4})?(?:-([a-z]{2}|\d{3}))?(?:-[a-z\d-]+)?\s*(?:;\s*q=([\d.]+))?\s*$/i.exec(range) ??
      [];
    const weight = q === undefined ? 1 : Number(q);
    return language && weight > 0
      ? [{ language: language.toLowerCase(), region: region?.toUpperCase() ?? null, weight }]
      : [];
  });
  return found.toSorted((a, b) => b.weight - a.weight);
}

/**
 * The language of the first name that is one of ours, else what the browser asks for; and the region the browser tells,
 * by which the same language writes its dates and numbers differently.
 */
export function readerOf(chosen: (string | null)[], accept: string, otherwise: string) {
  const asked = wishes(accept);
  const language =
    [...chosen, ...asked.map(w => w.language), otherwise].find(name => name !== null && isLanguage(name)) ?? 'en';
  const region = asked.find(w => w.language === language && w.region !== null)?.region;
  const { locale } = languages[language as Language];
  return { language: language as Language, locale: region ? `${language}-${region}` : locale };
}
