import fc from 'fast-check';
import { escapeXml, innerXmls, leafElements, leafText } from './xml';

describe('XML', () => {
  it.each([
    [
      '<a>1</a><b>2</b>',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['<r><a> 1\n</a></r>', [['a', '1']]],
    ['<s:a xmlns:s="urn:x">1</s:a>', [['a', '1']]],
    ['<a></a>', [['a', '']]],
    ['<a>&lt;&amp;gt;&quot;&apos;&#65;&own;</a>', [['a', `<&gt;"'&#65;&own;`]]],
    ['<!DOCTYPE x [<!ENTITY own "big">]><a>&own;</a>', [['a', '&own;']]],
    ['<a>1<b>2</a>', []],
    ['<a>1', []],
  ])('%s has the leaves %j', (xml, leaves) => {
    expect(leafElements(xml).map(({ name, text }) => [name, text])).toEqual(leaves);
  });

  it('gives the first leaf of a name, and what is inside of elements', () => {
    const xml = '<l><e><n>1</n></e><x:e x="y"><n>2</n></x:e><e/></l><n>3</n>';
    expect(leafText(xml, 'n')).toBe('1');
    expect(leafText(xml, 'm')).toBeUndefined();
    expect(innerXmls(xml, 'e')).toEqual(['<n>1</n>', '<n>2</n>']);
  });

  it('reads back what it escapes', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(leafText(`<a>${escapeXml(text)}</a>`, 'a')).toBe(text.trim());
      }),
    );
  });

  // As large as an answer of a gateway may be: an expression that backtracks would not come to an end.
  it.each(['<', '<a', '<a>', '<a ', '<a:', '</a>', '<service>', '&amp', 'a.'])(
    'is read in time: %j',
    (piece) => {
      const text = piece.repeat(65_536 / piece.length);
      expect(leafElements(text)).toEqual([]);
      expect(innerXmls(text, 'service').join('')).toBe('');
    },
  );
});
