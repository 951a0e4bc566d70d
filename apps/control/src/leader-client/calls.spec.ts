import { dispatch, remote, type Asked } from './calls';

interface Doors {
  readonly front: { open(way: { by: number }): number; isOpen(): boolean };
}

class FrontDoor {
  private width = 0;

  open({ by }: { by: number }): number {
    this.width += by;
    return this.width;
  }

  isOpen(): boolean {
    return this.width > 0;
  }
}

describe('calls by name', () => {
  const doors: Doors = { front: new FrontDoor() };

  it('reach the object that serves them', async () => {
    const far = remote<Asked<Doors>>((name, payload) => Promise.resolve(dispatch(doors, name, payload)));
    expect(await far.front.isOpen()).toBe(false);
    expect(await far.front.open({ by: 2 })).toBe(2);
    expect(await far.front.isOpen()).toBe(true);
  });

  it.each(['front.close', 'back.open', 'front', 'front.width', 'toString.call', ''])('refuse %p', (name) => {
    expect(() => dispatch(doors, name, {})).toThrow('no such call');
  });
});
