import type { BenchReport } from '../support/report';

/** What one part of a benchmark has to say. */
export type Section = Pick<BenchReport, 'tables' | 'bars'>;
