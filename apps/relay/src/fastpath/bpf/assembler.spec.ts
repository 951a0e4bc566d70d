import {
  add,
  addAtomically,
  assemble,
  call,
  exit,
  fromNetworkOrder,
  jumpIf,
  jumpIfPointer,
  type Line,
  load,
  loadMap,
  move,
  store,
} from './assembler';

describe('the assembler', () => {
  // RFC 9669 section 3: operation, source and destination register, offset, immediate.
  it.each<[string, Line | Line[], string]>([
    ['r6 = r1', move('r6', 'r1'), 'bf16000000000000'],
    ['r0 = -1', move('r0', -1), 'b7000000ffffffff'],
    ['r0 += 42', add('r0', 42), '070000002a000000'],
    ['r2 += r10', add('r2', 'r10'), '0fa2000000000000'],
    ['r0 = *(u8 *)(r7 + 14)', load(1, 'r0', 'r7', 14), '71700e0000000000'],
    ['r0 = *(u16 *)(r7 + 20)', load(2, 'r0', 'r7', 20), '6970140000000000'],
    ['r7 = *(u32 *)(r6 + 76)', load(4, 'r7', 'r6', 76), '61674c0000000000'],
    ['*(u32 *)(r10 - 32) = r0', store(4, 'r10', -32, 'r0'), '630ae0ff00000000'],
    ['*(u64 *)(r10 - 8) = 0', store(8, 'r10', -8, 0), '7a0af8ff00000000'],
    ['lock *(u64 *)(r9 + 24) += r1', addAtomically('r9', 24, 'r1'), 'db19180000000000'],
    ['r0 = be16 r0', fromNetworkOrder('r0'), 'dc00000010000000'],
    ['call 69', call(69), '8500000045000000'],
    ['r1 = map 5', loadMap('r1', 5), '1811000005000000' + '0000000000000000'],
    ['exit', exit, '9500000000000000'],
  ])('writes %s', (_text, line, code) => {
    expect(assemble([line].flat()).toString('hex')).toBe(code);
  });

  it('finds the way to labels, forwards and backwards', () => {
    const lines = [
      'start',
      jumpIf('r0', '!=', 0xdd86, 'end'),
      jumpIf('r0', '<=', 1, 'end'),
      jumpIfPointer('r0', '>', 'r8', 'start'),
      jumpIfPointer('r0', '==', 0, 'end'),
      'end',
      exit,
    ];
    expect(assemble(lines).toString('hex').match(/.{16}/g)).toEqual([
      '5600030086dd0000',
      'b600020001000000',
      '2d80fdff00000000',
      '1500000000000000',
      '9500000000000000',
    ]);
  });

  it('takes numbers of 32 bits, whatever their first bit', () => {
    expect(assemble([jumpIf('r0', '!=', 0xffff_fffe, 'end'), 'end', exit]).toString('hex')).toBe(
      '56000000feffffff' + '9500000000000000',
    );
  });

  it('refuses to jump to nowhere', () => {
    expect(() => assemble([jumpIf('r0', '==', 0, 'nowhere')])).toThrow(RangeError);
  });
});
