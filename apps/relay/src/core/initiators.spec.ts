import type { SocketAddress } from '#shared/endpoint';
import { Initiators, nextDestination } from './initiators';
import { defaultLimits } from './limits';

const at = (host: number): SocketAddress => ({ address: `192.0.2.${host}`, port: 1000 });

/** The hosts that so many attempts go to, given the possible ones before each, best guess first. */
function attempts(possible: readonly (readonly number[])[]): (number | undefined)[] {
  const initiator = new Initiators(defaultLimits).admit(0, at(99), true, 0);
  if (!initiator) throw new Error('not admitted');
  return possible.map((hosts) => {
    const destination = nextDestination(initiator, hosts.map(at));
    return destination && Number(destination.address.split('.')[3]);
  });
}

describe('the destinations of attempts', () => {
  const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

  it.each([
    ['nobody', times(2, []), [undefined, undefined]],
    ['one, again and again', times(3, [1]), [1, 1, 1]],
    ['the best of two first, then the other', times(4, [1, 2]), [1, 2, 1, 2]],
    ['the oldest of many third', times(4, [1, 2, 3, 4, 5]), [1, 2, 5, 3]],
  ])('are %s', (_name, possible, expected) => {
    expect(attempts(possible)).toEqual(expected);
  });

  it('come back to an old one again and again, though ever new ones come before it', () => {
    const possible = Array.from({ length: 60 }, (_, attempt) => [100 + attempt, 1]);
    const toOld = attempts(possible).flatMap((host, attempt) => (host === 1 ? [attempt] : []));
    expect(toOld[0]).toBe(2);
    expect(toOld.length).toBeGreaterThanOrEqual(10);
  });
});
