import {
  garbageOfManyMachines,
  garbageOfOneIpv6Network,
  garbageOnAFullPort,
  garbageOnAFullRelay,
} from '../attack/relay/first-contacts';

describe('newcomers find their pairs in spite of', () => {
  it.each([garbageOnAFullPort, garbageOnAFullRelay, garbageOfManyMachines, garbageOfOneIpv6Network])(
    '$name',
    async (attack) => {
      expect(await attack.play({ effort: 0.1 })).toMatchObject({ tried: 40, through: 0 });
    },
    60_000,
  );
});
