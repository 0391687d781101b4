import { isStreamError, StreamError } from "../../core/errors.ts";

/** Narrows anything caught to an error of the file system, of one code. */
export function isFileError(error: unknown, ...codes: readonly string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && typeof error.code === "string" && codes.includes(error.code);
}

/** What to say where there are no hard links in `folder`; undefined for other failures. */
export function linkError(error: unknown, folder: string): StreamError | undefined {
  const isRefused = isFileError(error, "EPERM") && error.syscall === "link";
  if (!isRefused && !isFileError(error, "EXDEV", "ENOTSUP", "EOPNOTSUPP", "ENOSYS")) return undefined;
  const text = `${folder} is on a file system without hard links: choose another`;
  return new StreamError("CONFIG_INVALID", text, { details: { folder }, cause: error });
}

/** What a failure of the file system means for a lease table in `folder`. */
export function folderError(error: unknown, folder: string): StreamError {
  if (isStreamError(error)) return error;
  const options = { details: { folder }, cause: error };
  const withoutLinks = linkError(error, folder);
  if (withoutLinks !== undefined) return withoutLinks;
  if (isFileError(error, "EACCES", "EPERM", "EROFS")) {
    return new StreamError("ACCESS_DENIED", `cannot write to ${folder}: let this user write there`, options);
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new StreamError("LEASE_TABLE_UNAVAILABLE", `the lease table in ${folder} does not work: ${reason}`, options);
}
