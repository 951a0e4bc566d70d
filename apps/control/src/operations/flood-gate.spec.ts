import type { Request, Response } from 'express';
import { EventEmitter } from 'node:events';
import { turnAwayFloods } from './flood-gate';
import type { Metrics } from './metrics';
import type { RequestLimits } from './request-limits';

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('turnAwayFloods', () => {
  it('works on sixteen requests of an address at a time, and goes on when one is answered or its client is gone', async () => {
    const limits = { isLimited: () => true, keyOf: () => 'address', count: () => Promise.resolve() };
    const gate = turnAwayFloods(limits as unknown as RequestLimits, {} as Metrics);
    let underWay = 0;
    const request = (closed = false) => {
      const response = Object.assign(new EventEmitter(), { closed });
      gate({} as Request, response as unknown as Response, () => (underWay += 1));
      return response;
    };
    request(true);
    const first = Array.from({ length: 16 }, () => request());
    for (let more = 0; more < 20; more++) request();
    await settled();
    expect(underWay).toBe(16);
    first.forEach((response) => response.emit('close'));
    expect(underWay).toBe(32);
  });
});
