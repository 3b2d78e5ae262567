import { expect, test } from "bun:test";
import { preferredCoding } from "../../../src/http/stream/accept-encoding.ts";

test("the coding with the highest weight is taken, the first of equals, and none that is not named", () => {
  const cases: [header: string | null, coding: "zstd" | "gzip" | undefined][] = [
    [null, undefined],
    ["", undefined],
    ["identity", undefined],
    ["br, deflate", undefined],
    ["gzip", "gzip"],
    ["GZIP ; Q=0.3", "gzip"],
    ["gzip, deflate, br, zstd", "zstd"],
    ["gzip;q=1.0, zstd;q=0.9", "gzip"],
    ["zstd;q=0, gzip;q=0.001", "gzip"],
    ["gzip;q=0", undefined],
    ["gzip;q=2", undefined],
    ["gzip;q=none", undefined],
    ["gzip;q=0.5, identity", undefined],
    ["gzip, identity", "gzip"],
    ["identity;q=0, *", undefined],
    ["*", undefined],
  ];
  for (const [header, coding] of cases) {
    expect({ header, coding: preferredCoding(header, ["zstd", "gzip"]) }).toEqual({ header, coding });
  }
});
