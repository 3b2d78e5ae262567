import { expect, test } from "bun:test";
import fc from "fast-check";
import { Catalog } from "../../src/events/catalog.ts";

const catalog = new Catalog();

function isTimestamp(timestamp: string): boolean {
  const figures = { total_metrics: 0, counters: 0, gauges: 0, histograms: 0 };
  return catalog.violations("metrics-update", { ...figures, timestamp }).length === 0;
}

test("a timestamp is on a day that there is", () => {
  const two = (number: number) => String(number).padStart(2, "0");
  for (const year of [1900, 1999, 2000, 2023, 2024, 2026, 2100, 2400]) {
    for (let month = 0; month <= 13; month++) {
      for (let day = 0; day <= 32; day++) {
        const date = new Date(Date.UTC(year, month - 1, day));
        const there = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
        const text = `${year}-${two(month)}-${two(day)}T12:00:00Z`;
        expect([text, isTimestamp(text)]).toEqual([text, there]);
      }
    }
  }
});

test("every time is taken as RFC 3339 writes it", () => {
  fc.assert(
    fc.property(
      fc.date({
        min: new Date("0000-01-01T00:00:00Z"),
        max: new Date("9999-12-31T23:59:59Z"),
        noInvalidDate: true,
      }),
      (date) => isTimestamp(date.toISOString()),
    ),
  );
  for (const text of [
    "2026-01-31t23:59:59z",
    "2026-01-31T00:00:00.123456789+05:30",
    "2026-01-31T00:00:00-23:59",
  ]) {
    expect([text, isTimestamp(text)]).toEqual([text, true]);
  }
  for (const text of [
    "2026-01-31T24:00:00Z",
    "2026-01-31T12:60:00Z",
    "2026-01-31T12:00:00",
    "2026-01-31 12:00:00Z",
    "2026-01-31T12:00Z",
    "2026-01-31T12:00:00+24:00",
    "2026-01-31T12:00:00+0530",
    "2026-01-31T12:00:00.Z",
    "2026-1-31T12:00:00Z",
    "2026-01-31",
    "2026-01-31T12:00:00Z\n",
    "",
  ]) {
    expect([text, isTimestamp(text)]).toEqual([text, false]);
  }
});
