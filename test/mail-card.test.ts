import { describe, expect, test } from 'vitest';
import { type Card, factsOf, readCards, writeCards } from '../daemon/mail/card.ts';

const card = (...lines: string[]) => `BEGIN:VCARD\r\n${lines.join('\r\n')}\r\nEND:VCARD\r\n`;
const read = (text: string | Buffer) => readCards(Buffer.isBuffer(text) ? text : Buffer.from(text));
const plain = { uid: null, name: 'Bo Ek', addresses: [], note: '', groups: [], kept: [] } satisfies Card;
const at = (address: string, label = '') => ({ label, address });

describe('readCards', () => {
  const rows: [string, string | Buffer, Partial<Card>][] = [
    // names
    ['the name as written', card('FN:Bo Ek', 'N:Ek;Bo;;;'), { name: 'Bo Ek', kept: ['N:Ek;Bo;;;'] }],
    ['its parts, where it is not written', card('N:Ek;Bo;Karl;Dr.;Jr.'), { name: 'Dr. Bo Karl Ek Jr.' }],
    ['the firm, where there is nobody', card('ORG:Firm\\; Sons;Sales'), { name: 'Firm; Sons, Sales' }],
    ['the address, where there is nothing else', card('EMAIL:bo@x.example'), { name: 'bo@x.example' }],
    ['a name without line ends and marks of direction', card('FN:Bo\\nEk\u202e!'), { name: 'Bo Ek !' }],
    // addresses
    [
      'kinds of addresses, each once',
      card('FN:B', 'EMAIL;TYPE=WORK:b@x.example', 'EMAIL;TYPE=home:B@x.EXAMPLE', 'EMAIL:c@x.example'),
      { addresses: [at('b@x.example', 'work'), at('c@x.example')] },
    ],
    [
      'the preferred address first',
      card('FN:B', 'EMAIL:a@x.example', 'EMAIL;PREF=1:b@x.example'),
      { addresses: [at('b@x.example'), at('a@x.example')] },
    ],
    [
      'what Apple calls an address',
      card('FN:B', 'item1.EMAIL;type=INTERNET:a@x.example', 'item1.X-ABLabel:_$!<Home>!$_'),
      { addresses: [at('a@x.example', 'home')] },
    ],
    [
      'words of vCard 2.1',
      card('VERSION:2.1', 'FN:B', 'EMAIL;PREF;INTERNET;HOME:a@x.example'),
      { addresses: [at('a@x.example', 'home')] },
    ],
    ['what is no address as a note', card('FN:B', 'EMAIL:call him'), { addresses: [], note: 'call him' }],
    [
      'no address with a line end in it',
      card('FN:B', 'EMAIL:a@x.example\\nBcc: z@x.example'),
      { addresses: [], note: 'a@x.example Bcc: z@x.example' },
    ],
    // lines
    ['folded lines', card('FN:Bo', '  Ek', 'NOTE:one', '\ttwo'), { name: 'Bo Ek', note: 'onetwo' }],
    ['bare line feeds', card('FN:Bo Ek', 'NOTE:a').replaceAll('\r\n', '\n'), { name: 'Bo Ek', note: 'a' }],
    ['escapes', card('FN:Ek\\, Bo', 'NOTE:a\\nb\\Nc\\;d\\\\n'), { name: 'Ek, Bo', note: 'a\nb\nc;d\\n' }],
    [
      'a colon between quotes',
      card('FN:B', 'EMAIL;X-A="b:c;d";TYPE=work:a@x.example'),
      { addresses: [at('a@x.example', 'work')] },
    ],
    [
      'quoted-printable over several lines',
      card('FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg =', '=C3=84hre', 'NOTE;QUOTED-PRINTABLE:a=0D=0Ab'),
      { name: 'Jörg Ähre', note: 'a\nb' },
    ],
    ['quoted-printable of Latin 1', card('FN;CHARSET=ISO-8859-1;QUOTED-PRINTABLE:J=F6rg'), { name: 'Jörg' }],
    ['octets of Latin 1', Buffer.from(card('FN:Jörg'), 'latin1'), { name: 'Jörg' }],
    ['UTF-16', Buffer.from(`\ufeff${card('FN:Jörg')}`, 'utf16le'), { name: 'Jörg' }],
    // groups, uid, the rest
    ['groups', card('FN:B', 'CATEGORIES:Choir,A\\, B', 'CATEGORIES:choir'), { groups: ['choir', 'A, B'] }],
    [
      'the uid without its scheme',
      card('FN:B', 'UID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1'),
      { uid: '4fbe8971-0bc3-424c-9c26-36c3e1eff6b1' },
    ],
    [
      'the rest as lines of vCard 4, without pictures',
      card(
        'FN:B',
        'TEL;HOME;PREF:+46 1',
        'PHOTO;ENCODING=b;TYPE=JPEG:AAAA',
        ' BBBB',
        'BDAY:1970-01-01',
        'LABEL;QUOTED-PRINTABLE:a=0Ab',
      ),
      { kept: ['TEL;TYPE=HOME;PREF=1:+46 1', 'BDAY:1970-01-01', 'LABEL:a\\nb'] },
    ],
  ];
  test.each(rows)('keeps %s', (_, text, expected) => {
    expect(read(text)).toMatchObject({ cards: [expected], left: 0 });
  });

  test('gives members the names of groups that are cards of their own', () => {
    const group = card('KIND:group', 'FN:Choir', 'MEMBER:urn:uuid:1');
    const apple = card('X-ADDRESSBOOKSERVER-KIND:group', 'N:Work;;;;', 'X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1');
    expect(read(group + card('UID:1', 'FN:B') + apple)).toMatchObject({
      cards: [{ groups: ['Choir', 'Work'] }],
      left: 0,
    });
  });

  test('counts what says nothing, and takes no card within a card for one', () => {
    expect(read(card('NOTE:x') + card('FN:B', 'BEGIN:VCARD', 'FN:Agent', 'END:VCARD', 'NOTE:y'))).toMatchObject({
      cards: [{ name: 'B', note: 'y' }],
      left: 1,
    });
    expect(read('').cards).toEqual([]);
    expect(read(Buffer.from([0, 255, 254, 1])).cards).toEqual([]);
  });

  test('is cheap for hostile files, and bounds what it keeps', () => {
    const long = card(
      'FN:B',
      `NOTE:${'x'.repeat(2_000_000)}`,
      ...Array.from({ length: 20_000 }, (_, i) => `EMAIL:a${i}@x.example`),
      ...Array.from({ length: 20_000 }, () => `TEL:${'1'.repeat(90)}`),
    );
    const [only] = read(long).cards;
    expect(only!.addresses).toHaveLength(50);
    expect(only!.kept.join('').length).toBeLessThan(9_000);
    expect(only!.note.length).toBeLessThan(4_001);
    for (const sign of ['BEGIN:VCARD\n', 'FN;', 'FN;A="', ' ', '\\', '=\n', '"', '",', ';;', '"";'])
      for (const head of ['', 'BEGIN:VCARD\nFN;QUOTED-PRINTABLE:a', 'Name,E-mail\n'])
        read(head + sign.repeat(1_000_000));
  });
});

describe('readCards of a table', () => {
  test('reads Google’s columns, with several addresses in a cell', () => {
    const text =
      'First Name,Last Name,Notes,Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Organization Name\r\nBo,Ek,"says ""hi"",\nthen goes",Choir ::: * myContacts,* Work,bo@x.example ::: b@y.example,Mobile,+46 1,Firm\r\n,,,,,,,,\r\n';
    expect(read(text)).toMatchObject({
      cards: [
        {
          ...plain,
          addresses: [at('bo@x.example', 'work'), at('b@y.example', 'work')],
          note: 'says "hi",\nthen goes',
          groups: ['Choir'],
          kept: ['TEL:+46 1', 'ORG:Firm'],
        },
      ],
      left: 0,
    });
  });
  test.each([
    [
      'Outlook',
      'First Name,Last Name,E-mail Address,E-mail 2 Address,Categories\nBo,Ek,bo@x.example,b@y.example,Choir;Work\n',
      ['Choir', 'Work'],
    ],
    [
      'Outlook in German, with semicolons',
      'Vorname;Nachname;E-Mail-Adresse;E-Mail 2: Adresse;Kategorien\nBo;Ek;bo@x.example;b@y.example;Choir',
      ['Choir'],
    ],
    ['a spreadsheet', '\ufeffName\tMail\tAlso\nBo Ek\tbo@x.example\tb@y.example', []],
  ])('reads %s', (_, text, groups) => {
    expect(read(text)).toMatchObject({
      cards: [{ name: 'Bo Ek', groups, addresses: [at('bo@x.example'), at('b@y.example')] }],
      left: 0,
    });
  });
  test.each<[program: string, text: string | Buffer, addresses: Card['addresses']]>([
    [
      'Gmail, as it was until 2024',
      'Name,Given Name,Family Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value,E-mail 2 - Type,E-mail 2 - Value\nBo Ek,Bo,Ek,* myContacts,* Home,bo@x.example,Work,b@y.example\n',
      [at('bo@x.example', 'home'), at('b@y.example', 'work')],
    ],
    [
      'Outlook in German, with what it shows beside',
      '\ufeff"Anrede","Vorname","Nachname","Firma","E-Mail-Adresse","E-Mail-Typ","E-Mail: Angezeigter Name","E-Mail 2: Adresse","Notizen"\r\n"","Bo","Ek","","bo@x.example","SMTP","Bo Ek (other@z.example)","b@y.example","write to c@z.example,\r\nor call"\r\n',
      [at('bo@x.example'), at('b@y.example')],
    ],
    [
      'Thunderbird',
      'First Name,Last Name,Display Name,Nickname,Primary Email,Secondary Email,Screen Name,Work Phone,Organization\nBo,Ek,Bo Ek,,bo@x.example,b@y.example,bo@chat.example,+46 1,Firm\n',
      [at('bo@x.example'), at('b@y.example')],
    ],
    [
      'Thunderbird in German',
      'Vorname;Nachname;Anzeigename;Spitzname;Primäre E-Mail-Adresse;Sekundäre E-Mail-Adresse;Messenger-Name;Tel. dienstlich;Organisation\nBo;Ek;;;bo@x.example;b@y.example;bo@chat.example;+46 1;Firm\n',
      [at('bo@x.example'), at('b@y.example')],
    ],
    [
      'iCloud by way of a spreadsheet, in UTF-16',
      Buffer.from(
        '\ufeffsep=;\r\nFirst name;Last name;Email (home);Email (work)\r\nBo;Ek;bo@x.example;<b@y.example>',
        'utf16le',
      ),
      [at('bo@x.example', 'home'), at('b@y.example', 'work')],
    ],
    [
      'UTF-16 without its mark',
      Buffer.from('Name\tE-Mail privat\tE-Mail geschäftlich\nBo Ek\tbo@x.example\tb@y.example', 'utf16le').swap16(),
      [at('bo@x.example', 'home'), at('b@y.example', 'work')],
    ],
    ['a table without a head', 'Bo Ek,bo@x.example,b@y.example\n', [at('bo@x.example'), at('b@y.example')]],
  ])('reads %s', (_, text, addresses) => {
    const found = readCards(Buffer.from(text));
    expect(found).toMatchObject({ cards: [{ name: 'Bo Ek', addresses }], left: 0, unaddressed: [] });
  });
  test('reads what is called after a telephone as one, and not its kind', () => {
    const text = 'Name,E-Mail,Tel. privat,Mobil-Tel.-Nr.,Phone 1 - Type,Mobile Number\nBo,bo@x.example,1,2,Mobile,3';
    expect(read(text).cards[0]?.kept).toEqual(['TEL:1', 'TEL:2', 'TEL:3']);
  });
  test('leaves out rows without an address, and says which', () => {
    const text = 'Name,Mail,Notes\n,,\nBo,bo@x.example,"two\nlines"\nCy,,at@home.example\nDan,dan at x\n\nEva,@\n';
    const found = readCards(Buffer.from(text));
    expect(found).toMatchObject({ cards: [{ name: 'Bo' }], left: 3, unaddressed: [4, 5, 7] });
    expect(found.columns).toEqual(['Name', 'Mail', 'Notes']);
  });
  // With work for each line that grew with those before it, five megabytes took longer than anybody waits.
  test.each([
    'NOTE:a',
    'FN:x',
    'EMAIL:bo@x.example',
    'CATEGORIES:a',
    'X-A:b',
    'item1.X-ABLABEL:a',
    'BEGIN:VCARD',
    'END:VCARD',
    ' a',
  ])(
    'comes to an end with a file of many lines %s',
    line => {
      const file = `BEGIN:VCARD\r\nFN:Bo\r\n${`${line}\r\n`.repeat(4_900_000 / (line.length + 2))}END:VCARD\r\n`;
      expect(read(file).cards.length).toBeLessThan(2);
    },
    60_000,
  );
});

describe('readCards of a table', () => {
  test.each([
    ['column', `Name,${'m'.repeat(2_400_000)}\r\n${'a,b@c.de\r\n'.repeat(10_000)}`, 10_000],
    ['kind of address', `e - value,e - label\r\n"b@c.de,${'@,'.repeat(1_000_000)}",${'m'.repeat(2_400_000)}\r\n`, 1],
  ])(
    'comes to an end with a %s of megabytes',
    (_, file, cards) => expect(read(file).cards).toHaveLength(cards),
    60_000,
  );
});

test('readCards takes what an address book holds, and tells apart what is over that and what cannot be read', () => {
  const cards = Array.from({ length: 10_003 }, (_, n) => `BEGIN:VCARD\r\nFN:P${n}\r\nEND:VCARD\r\n`).join('');
  const found = read(`BEGIN:VCARD\r\nEND:VCARD\r\n${cards}`);
  expect([found.cards.length, found.left, found.over]).toEqual([10_000, 1, 3]);
  expect(found.cards.at(-1)!.name).toBe('P9999');
  expect(read('BEGIN:VCARD\r\nFN:P\r\nEND:VCARD\r\n')).toMatchObject({ left: 0, over: 0 });
});

describe('writeCards', () => {
  const whole: Card = {
    uid: '4fbe8971-0bc3-424c-9c26-36c3e1eff6b1',
    name: 'Ek, Bo; 漢字 👩‍👩‍👧 with a name that goes on and on over the end of a line',
    addresses: [at('bo@x.example', 'work'), at('b@y.example', 'at sea: "lee"')],
    note: 'a\nb\\n; c,',
    groups: ['Choir, first', 'Work'],
    kept: ['TEL;TYPE=home:+46 1', 'N:Ek;Bo;;;', 'ADR;TYPE=home:;;Street 1;Town;;123;Land'],
  };
  test('writes what readCards reads, in lines of 75 octets', () => {
    const text = [...writeCards([whole, plain])].join('');
    for (const line of text.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThan(76);
    expect(text).toContain('VERSION:4.0\r\nUID:urn:uuid:4fbe8971');
    expect(read(text).cards).toEqual([{ ...whole, addresses: [at('bo@x.example', 'work'), at('b@y.example')] }, plain]);
  });
  test('tells facts of kept lines', () => {
    expect(factsOf(whole.kept)).toEqual([
      { name: 'TEL', value: '+46 1' },
      { name: 'ADR', value: 'Street 1, Town, 123, Land' },
    ]);
  });
});
