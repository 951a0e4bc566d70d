import type { Request, Response } from 'express';
import { EventEmitter } from 'node:events';
import { takeTurns } from './flood-gate';
import type { RequestLimits } from './request-limits';

describe('takeTurns', () => {
  it('works on four requests of an address at a time, and goes on when one is answered or its client is gone', () => {
    const limits = { isLimited: () => true, keyOf: () => 'address' };
    const turns = takeTurns(limits as unknown as RequestLimits);
    let underWay = 0;
    const request = (closed = false) => {
      const response = Object.assign(new EventEmitter(), { closed });
      turns({} as Request, response as unknown as Response, () => (underWay += 1));
      return response;
    };
    request(true);
    const first = Array.from({ length: 4 }, () => request());
    for (let more = 0; more < 20; more++) request();
    expect(underWay).toBe(4);
    first.forEach((response) => response.emit('close'));
    expect(underWay).toBe(8);
  });
});
