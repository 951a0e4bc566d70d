/** Sets the monotonic clock of this process forward, until mocks are restored; timers do not notice. */
export function letPass(ms: number): void {
  const now = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => now() + ms);
}
