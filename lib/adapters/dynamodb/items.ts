import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { StreamError } from "../../core/errors.ts";
import { unheard } from "../../lease/rows.ts";
import type { DocumentRow, LeaseRow, SnapshotPointer, WorkerReport, WorkerRow } from "../../ports/lease-table.ts";
import type { Item } from "./requests.ts";

/** Sort keys. Leases come before workers, so that one query reads an owner's row after its lease. */
export const sortKeys = {
  lease: (pin: number) => `T#${pin}`,
  worker: (worker: string) => `W#${worker}`,
  document: (name: string) => `D#${name}`,
} as const;

/** Sort keys between which all leases and workers are, and no documents. */
export const observedRange = { first: "T#", last: "W$" } as const;

/** The lease in an item. @throws {StreamError} `SCHEMA_UNKNOWN` */
export function leaseFromItem(item: Item): LeaseRow {
  return {
    pin: Number(text(item, "sk").slice(sortKeys.lease(0).length - 1)),
    epoch: number(item, "epoch"),
    owner: item["owner"]?.S,
    lastOwner: item["lastOwner"]?.S,
    asleep: item["asleep"]?.BOOL ?? false,
    pointer: item["pointer"]?.M === undefined ? undefined : pointerFromItem(item["pointer"].M),
    version: number(item, "version"),
  };
}

/** True while nobody has looked for older epochs. */
export function isUnraised(item: Item): boolean {
  return item["unraised"]?.BOOL ?? false;
}

/** A snapshot pointer as an attribute. */
export function pointerToAttribute(pointer: SnapshotPointer): AttributeValue {
  return {
    M: {
      path: { S: pointer.path },
      manifestOffset: numberAttribute(pointer.manifestOffset),
      manifestLength: numberAttribute(pointer.manifestLength),
      version: numberAttribute(pointer.version),
      epoch: numberAttribute(pointer.epoch),
      publishedAtMs: numberAttribute(pointer.publishedAtMs),
    },
  };
}

function pointerFromItem(item: Item): SnapshotPointer {
  return {
    path: text(item, "path"),
    manifestOffset: number(item, "manifestOffset"),
    manifestLength: number(item, "manifestLength"),
    version: number(item, "version"),
    epoch: number(item, "epoch"),
    publishedAtMs: number(item, "publishedAtMs"),
  };
}

/** The worker in an item; one that was planned and has not been heard of has no report yet. */
export function workerFromItem(item: Item): WorkerRow {
  const { beat: _, planVersion: __, ...silent } = unheard;
  const report = item["report"]?.S;
  return {
    ...silent,
    ...(report === undefined ? {} : (JSON.parse(report) as WorkerReport)),
    worker: text(item, "sk").slice(sortKeys.worker("").length),
    beat: number(item, "beat"),
    ...ordersFromItem(item),
  };
}

/** What the plan gives to a worker. */
export function ordersFromItem(item: Item): Pick<WorkerRow, "assigned" | "planVersion"> {
  const assigned = item["assigned"]?.L;
  if (assigned === undefined) throw malformed(item, "assigned");
  return { assigned: assigned.map(({ N }) => Number(N)), planVersion: number(item, "planVersion") };
}

/** Assigned pins as an attribute. */
export function pinsAttribute(pins: readonly number[]): AttributeValue {
  return { L: pins.map(numberAttribute) };
}

/** The document in an item. @throws {StreamError} `SCHEMA_UNKNOWN` */
export function documentFromItem(item: Item): DocumentRow {
  return { version: number(item, "version"), body: text(item, "body") };
}

/** A number as an attribute. */
export function numberAttribute(value: number): AttributeValue {
  return { N: String(value) };
}

function number(item: Item, name: string): number {
  const value = item[name]?.N;
  if (value === undefined) throw malformed(item, name);
  return Number(value);
}

function text(item: Item, name: string): string {
  const value = item[name]?.S;
  if (value === undefined) throw malformed(item, name);
  return value;
}

function malformed(item: Item, attribute: string): StreamError {
  const key = `${item["pk"]?.S} ${item["sk"]?.S}`;
  return new StreamError("SCHEMA_UNKNOWN", `row ${key} of the lease table has no usable attribute ${attribute}`, {
    details: { key, attribute },
  });
}
