/** The zones of the tz database that a name of Windows stands for, and how far ahead of UTC they must be without summer time. */
export type NamedZones = {
  names: string[];
  /** Milliseconds; null: the name says nothing of it. */
  ahead: number | null;
};

/** By the key of its registry, which Outlook writes as TZID, or by what its settings show: `(UTC+01:00) Amsterdam, Berlin`. */
export function windowsZones(name: string): NamedZones {
  const key = name.trim().toLowerCase();
  const zone = KEYS.get(key);
  if (zone !== undefined) return { names: [zone], ahead: null };
  const [, sign, hours, minutes, places] =
    /^\((?:utc|gmt) ?(?:([+-])(\d\d):(\d\d))?\) {0,3}([^ ].*)$/.exec(key.slice(0, 200)) ?? [];
  if (places === undefined) return { names: [], ahead: null };
  const size = Number(hours ?? 0) * 3_600_000 + Number(minutes ?? 0) * 60_000;
  return { names: placesOf(places), ahead: sign === '-' ? -size : size };
}

const MOST_CITIES = 8;
const REGIONS = ['Europe', 'America', 'Asia', 'Africa', 'Australia', 'Pacific', 'Atlantic', 'Indian'];

/** North America's have names, all others are cities; not every city has a zone of its name. */
function placesOf(places: string): string[] {
  const american = /^([a-z]+) time \((?:us & )?canada\)$/.exec(places)?.[1];
  if (american !== undefined) return [KEYS.get(`${american} standard time`) ?? ''];
  const cities = places.split(',', MOST_CITIES).map(city => city.trim().replaceAll(' ', '_'));
  return cities.flatMap(city => REGIONS.map(region => `${region}/${city}`));
}

/** The zone of each for the whole world, as Unicode's CLDR pairs them; `Standard Time` is left out at the end. */
const TABLE = `
Africa: E. Africa=Nairobi, Egypt=Cairo, Libya=Tripoli, Morocco=Casablanca, Namibia=Windhoek, Sao Tome=Sao_Tome
Africa: South Africa=Johannesburg, South Sudan=Juba, Sudan=Khartoum, W. Central Africa=Lagos
America: Alaskan=Anchorage, Aleutian=Adak, Argentina=Buenos_Aires, Atlantic=Halifax, Bahia=Bahia
America: Canada Central=Regina, Central=Chicago, Central America=Guatemala, Central Brazilian=Cuiaba
America: Cuba=Havana, E. South America=Sao_Paulo, Eastern=New_York, Greenland=Godthab, Haiti=Port-au-Prince
America: Magallanes=Punta_Arenas, Montevideo=Montevideo, Mountain=Denver, Newfoundland=St_Johns
America: Pacific=Los_Angeles, Pacific SA=Santiago, Paraguay=Asuncion, SA Eastern=Cayenne, SA Pacific=Bogota
America: SA Western=La_Paz, Saint Pierre=Miquelon, Tocantins=Araguaina, Turks And Caicos=Grand_Turk
America: US Eastern=Indianapolis, US Mountain=Phoenix, Venezuela=Caracas, Yukon=Whitehorse
America: Central Standard Time (Mexico)=Mexico_City, Eastern Standard Time (Mexico)=Cancun
America: Mountain Standard Time (Mexico)=Mazatlan, Pacific Standard Time (Mexico)=Tijuana
Asia: Afghanistan=Kabul, Altai=Barnaul, Arab=Riyadh, Arabian=Dubai, Arabic=Baghdad, Azerbaijan=Baku
Asia: Bangladesh=Dhaka, Caucasus=Yerevan, Central Asia=Bishkek, China=Shanghai, Ekaterinburg=Yekaterinburg
Asia: Georgian=Tbilisi, India=Calcutta, Iran=Tehran, Israel=Jerusalem, Jordan=Amman, Korea=Seoul
Asia: Magadan=Magadan, Middle East=Beirut, Myanmar=Rangoon, N. Central Asia=Novosibirsk, Nepal=Katmandu
Asia: North Asia=Krasnoyarsk, North Asia East=Irkutsk, North Korea=Pyongyang, Omsk=Omsk, Pakistan=Karachi
Asia: Qyzylorda=Qyzylorda, Russia Time Zone 10=Srednekolymsk, Russia Time Zone 11=Kamchatka, SE Asia=Bangkok
Asia: Sakhalin=Sakhalin, Singapore=Singapore, Sri Lanka=Colombo, Syria=Damascus, Taipei=Taipei, Tokyo=Tokyo
Asia: Tomsk=Tomsk, Transbaikal=Chita, Ulaanbaatar=Ulaanbaatar, Vladivostok=Vladivostok, W. Mongolia=Hovd
Asia: West Asia=Tashkent, West Bank=Hebron, Yakutsk=Yakutsk
Atlantic: Azores=Azores, Cape Verde=Cape_Verde, Greenwich=Reykjavik
Australia: AUS Central=Darwin, AUS Eastern=Sydney, Aus Central W.=Eucla, Cen. Australia=Adelaide
Australia: E. Australia=Brisbane, Lord Howe=Lord_Howe, Tasmania=Hobart, W. Australia=Perth
Etc: Dateline=GMT+12, UTC-11=GMT+11, UTC-09=GMT+9, UTC-08=GMT+8, UTC-02=GMT+2, UTC+12=GMT-12, UTC+13=GMT-13
Etc: tzone://Microsoft/Utc=UTC
Europe: Astrakhan=Astrakhan, Belarus=Minsk, Central Europe=Budapest, Central European=Warsaw, E. Europe=Chisinau
Europe: FLE=Kiev, GMT=London, GTB=Bucharest, Kaliningrad=Kaliningrad, Romance=Paris, Russia Time Zone 3=Samara
Europe: Russian=Moscow, Saratov=Saratov, Turkey=Istanbul, Volgograd=Volgograd, W. Europe=Berlin
Indian: Mauritius=Mauritius
Pacific: Bougainville=Bougainville, Central Pacific=Guadalcanal, Chatham Islands=Chatham, Easter Island=Easter
Pacific: Fiji=Fiji, Hawaiian=Honolulu, Line Islands=Kiritimati, Marquesas=Marquesas, New Zealand=Auckland
Pacific: Norfolk=Norfolk, Samoa=Apia, Tonga=Tongatapu, West Pacific=Port_Moresby
`;

const IS_WHOLE = /^UTC|Standard Time|Time Zone|:\/\//;

const KEYS = new Map(
  TABLE.trim()
    .split('\n')
    .flatMap(line => {
      const [region = '', pairs = ''] = line.split(/: (.*)/);
      return pairs.split(', ').map(pair => {
        const [name = '', city = ''] = pair.split('=');
        return [(IS_WHOLE.test(name) ? name : `${name} Standard Time`).toLowerCase(), `${region}/${city}`] as const;
      });
    }),
);

/** In lower case. */
export const windowsNames = (): Iterable<string> => KEYS.keys();
