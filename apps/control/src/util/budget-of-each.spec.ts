import { BudgetOfEach } from './budget-of-each';

describe('BudgetOfEach', () => {
  it('gives each key its own', () => {
    const budgets = new BudgetOfEach<string>({ perSecond: 1, burst: 2 });
    expect(['a', 'a', 'a', 'b'].map((key) => budgets.take(key, 0))).toEqual([true, true, false, true]);
    expect(budgets.take('a', 1000)).toBe(true);
  });

  it('forgets those that have theirs back, and no others', () => {
    const budgets = new BudgetOfEach<number>({ perSecond: 1, burst: 1 });
    for (let key = 0; key < 999; key++) budgets.take(key, 0);
    budgets.take(999, 500);
    budgets.take(1000, 1000);
    expect(budgets.size).toBe(2);
    expect(budgets.take(999, 1000)).toBe(false);
  });
});
