import { describe, expect, test } from "bun:test";
import { Throughput } from "./throughput.ts";

describe("throughput", () => {
  test("is the mean of the last sixteen samples", () => {
    const throughput = new Throughput();
    const totals = { requestCount: 0, bytesReceived: 0, bytesSent: 0 };
    throughput.sample(0, totals);
    for (let nowMs = 100; nowMs <= 1600; nowMs += 100) {
      totals.requestCount += 50;
      totals.bytesReceived += 1000;
      totals.bytesSent += 2000;
      throughput.sample(nowMs, totals);
    }
    expect(throughput.requestsPerSecond).toBe(500);
    expect(throughput.receivedBytesPerSecond).toBe(10_000);
    expect(throughput.sentBytesPerSecond).toBe(20_000);
    for (let nowMs = 1700; nowMs <= 2400; nowMs += 100) throughput.sample(nowMs, totals);
    expect(throughput.requestsPerSecond).toBe(250);
  });

  test("a late sample counts for the time it covers, one too soon not at all", () => {
    const throughput = new Throughput();
    throughput.sample(0, { requestCount: 0, bytesReceived: 0, bytesSent: 0 });
    throughput.sample(50, { requestCount: 1000, bytesReceived: 0, bytesSent: 0 });
    expect(throughput.requestsPerSecond).toBe(0);
    throughput.sample(1000, { requestCount: 1600, bytesReceived: 0, bytesSent: 0 });
    expect(throughput.requestsPerSecond).toBe(100);
  });

  test("forgets the samples before a reset", () => {
    const throughput = new Throughput();
    throughput.sample(0, { requestCount: 0, bytesReceived: 0, bytesSent: 0 });
    throughput.sample(100, { requestCount: 160, bytesReceived: 0, bytesSent: 0 });
    throughput.reset({ requestCount: 170, bytesReceived: 0, bytesSent: 0 });
    expect(throughput.requestsPerSecond).toBe(0);
    throughput.sample(200, { requestCount: 186, bytesReceived: 0, bytesSent: 0 });
    expect(throughput.requestsPerSecond).toBe(10);
  });
});
