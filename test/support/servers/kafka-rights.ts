import kafkajs from "kafkajs";
import { rawKafka } from "./raw-kafka.ts";

const { AclOperationTypes, AclResourceTypes, ResourcePatternTypes, AclPermissionTypes } = kafkajs;

/** One right of one user. */
export interface Right {
  readonly user: string;
  readonly resource: "TOPIC" | "GROUP" | "TRANSACTIONAL_ID";
  readonly name: string;
  /** `prefixed`: on everything whose name begins so. */
  readonly pattern: "literal" | "prefixed";
  readonly operation: "READ" | "WRITE" | "CREATE" | "DELETE" | "DESCRIBE";
}

/** A right as people write it: `worker: Write on topic out`. */
export function rightText({ user, resource, name, pattern, operation }: Right): string {
  const [what, verb] = [
    resource.toLowerCase().replace("_", " "),
    operation.charAt(0) + operation.slice(1).toLowerCase(),
  ];
  return `${user}: ${verb} on ${what} ${name}${pattern === "prefixed" ? "*" : ""}`;
}

/** Gives rights, over a listener on which that is allowed. */
export async function grantRights(bootstrap: string, rights: readonly Right[]): Promise<void> {
  const admin = rawKafka(bootstrap).admin();
  await admin.connect();
  const acl = rights.map(({ user, resource, name, pattern, operation }) => ({
    principal: `User:${user}`,
    host: "*",
    permissionType: AclPermissionTypes.ALLOW,
    resourceType: AclResourceTypes[resource],
    resourceName: name,
    resourcePatternType: pattern === "prefixed" ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
    operation: AclOperationTypes[operation],
  }));
  await admin.createAcls({ acl });
  await admin.disconnect();
}
