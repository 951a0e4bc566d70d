import { timingSafeEqual } from 'node:crypto';
import { Controller, Get, Header, Inject, Injectable, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request } from 'express';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { LanrageError } from '#shared/errors';
import { CONFIG, type Config } from '../config';
import { isOfThisMachine } from '../util/client-address';

/** Seconds */
const durationBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** What the control plane counts, in Prometheus' form. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  private readonly requestSeconds = new Histogram({
    name: 'lanrage_http_request_duration_seconds',
    help: 'Time to answer a request, by route',
    labelNames: ['method', 'route', 'status'],
    buckets: durationBuckets,
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** A number that is asked for whenever somebody reads the metrics. */
  gauge(name: string, help: string, read: () => number): void {
    const registers = [this.registry];
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }

  /** A number for each of a few things, told apart by one label, that is asked for whenever somebody reads the metrics. */
  gauges(
    name: string,
    help: string,
    label: string,
    read: () => (readonly [of: string, value: number])[],
  ): void {
    const registers = [this.registry];
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset();
        for (const [of, value] of read()) this.set({ [label]: of }, value);
      },
    });
  }

  /** Something that is counted by what it was. @returns counts one more */
  counter<Of extends string>(name: string, help: string, label: string): (of: Of) => void {
    const counter = new Counter({ name, help, labelNames: [label], registers: [this.registry] });
    return (of) => counter.inc({ [label]: of });
  }

  observeRequest(method: string, route: string, status: number | string, seconds: number): void {
    this.requestSeconds.observe({ method, route, status }, seconds);
  }
}

@ApiExcludeController()
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** For holders of the metrics token; without one, for this machine alone: members come from private addresses, too. */
  @Get()
  @Header('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE)
  read(@Req() request: Request): Promise<string> {
    const { metricsToken } = this.config;
    const allowed = metricsToken === null ? isOfThisMachine(request) : carries(request, metricsToken);
    if (!allowed) throw new LanrageError('NOT_FOUND');
    return this.metrics.registry.metrics();
  }
}

function carries(request: Request, token: string): boolean {
  const expected = Buffer.from(`Bearer ${token}`);
  const given = Buffer.from(request.headers.authorization ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
