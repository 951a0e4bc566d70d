import { dispatch, remote, type Asked, type CallNames } from './calls';

interface Doors {
  readonly front: { open(way: { by: number }): number; isOpen(): boolean };
}

const names: CallNames<Doors> = { 'front.open': true, 'front.isOpen': true };

class FrontDoor {
  width = 0;

  open({ by }: { by: number }): number {
    this.width += by;
    return this.width;
  }

  isOpen(): boolean {
    return this.width > 0;
  }

  /** Not for callers from elsewhere. */
  slam(): void {
    this.width = 0;
  }
}

describe('calls by name', () => {
  const front = new FrontDoor();
  const doors = { front, hidden: new FrontDoor() };
  const serve = (name: string, payload: unknown) => dispatch<Doors>(doors, names, name, payload);

  it('reach the object that serves them', async () => {
    const far = remote<Asked<Doors>>((name, payload) => Promise.resolve(serve(name, payload)));
    expect(await far.front.isOpen()).toBe(false);
    expect(await far.front.open({ by: 2 })).toBe(2);
    expect(await far.front.isOpen()).toBe(true);
  });

  it('are those of the contract, not all that the object can do', () => {
    front.width = 2;
    expect(() => serve('front.slam', {})).toThrow('no such call');
    expect(front.width).toBe(2);
  });

  it.each([
    ...['front.close', 'back.open', 'front', 'front.width', 'toString.call', ''],
    ...['hidden.open', 'front.open.call', 'front.constructor', 'front.toString', 'constructor', '__proto__'],
  ])('refuse %p', (name) => {
    expect(() => serve(name, {})).toThrow('no such call');
  });
});
