import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { StreamError } from "../../core/errors.ts";
import type { Credentials } from "../../ports/credentials.ts";

/** How to reach the secret. */
export interface SecretOptions {
  readonly endpoint?: string;
  /** Bound of the read, retries included. Default 5 s. */
  readonly deadlineMs?: number;
}

/**
 * Reads a secret that holds `{"username": …, "password": …}`, as Amazon MSK wants it.
 *
 * @throws {StreamError} `SECRET_INVALID`, `ACCESS_DENIED`, `SECRETS_UNAVAILABLE`; no message holds any part of the secret
 */
export async function readCredentials(arn: string, options: SecretOptions = {}): Promise<Credentials> {
  const { endpoint, deadlineMs = 5_000 } = options;
  const region = arn.split(":")[3];
  const client = new SecretsManagerClient({
    maxAttempts: 3,
    ...(region ? { region } : {}),
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  try {
    const command = new GetSecretValueCommand({ SecretId: arn });
    const answer = await client.send(command, { abortSignal: AbortSignal.timeout(deadlineMs) });
    return parseCredentials(answer.SecretString, arn);
  } catch (cause) {
    throw cause instanceof StreamError ? cause : translated(cause, arn);
  } finally {
    client.destroy();
  }
}

function parseCredentials(text: string | undefined, arn: string): Credentials {
  try {
    const { username, password } = JSON.parse(text ?? "") as Record<string, unknown>;
    if (typeof username === "string" && typeof password === "string") return { username, password };
  } catch {
    // not JSON: said below, without the cause, which would quote the secret
  }
  throw new StreamError("SECRET_INVALID", `secret ${arn} is not JSON with the texts "username" and "password"`, {
    details: { secret: arn },
  });
}

function translated(cause: unknown, arn: string): StreamError {
  const { name = "", message = String(cause) } = cause as Partial<Error>;
  const details = { secret: arn, awsError: name };
  if (name === "ResourceNotFoundException") {
    return new StreamError("SECRET_INVALID", `secret ${arn} does not exist`, { details, cause });
  }
  if (name === "AccessDeniedException" || name === "DecryptionFailure" || name === "CredentialsProviderError") {
    return new StreamError(
      "ACCESS_DENIED",
      `may not read ${arn}: grant secretsmanager:GetSecretValue on it, and kms:Decrypt on its key`,
      { details, cause },
    );
  }
  return new StreamError("SECRETS_UNAVAILABLE", `secret ${arn} could not be read: ${message}`, { details, cause });
}
