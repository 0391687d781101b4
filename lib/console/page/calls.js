// @ts-check
/** Calls of the page to its own server. */

/** A call that was refused, with the typed error of the server. */
export class CallError extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * @param {string} path
 * @param {unknown} body
 * @returns {Promise<unknown>}
 */
export async function post(path, body) {
  return answerOf(
    await send(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  );
}

/**
 * @param {string} path
 * @returns {Promise<unknown>}
 */
export async function get(path) {
  return answerOf(await send(path, {}));
}

/** @param {string} path @param {RequestInit} init */
async function send(path, init) {
  try {
    return await fetch(path, { ...init, signal: AbortSignal.timeout(15_000) });
  } catch {
    throw new CallError("UNREACHABLE", "the runtime does not answer: is it still running?");
  }
}

/** @param {Response} response */
async function answerOf(response) {
  /** @type {{ error?: { code?: string, message?: string } }} */
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw new CallError(body.error?.code ?? "UNKNOWN", body.error?.message ?? `the runtime answered ${response.status}`);
}
