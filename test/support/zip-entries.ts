/** A file in a zip archive. */
export interface ZipEntry {
  readonly name: string;
  /** Size of the content when it is unpacked. */
  readonly bytes: number;
}

const endSignature = 0x06054b50;
const endBytes = 22;
const entryBytes = 46;

/** Lists a zip archive from its central directory. No comment behind the archive, fewer than 65,535 files. */
export function zipEntries(archive: Buffer): readonly ZipEntry[] {
  const end = archive.length - endBytes;
  if (end < 0 || archive.readUInt32LE(end) !== endSignature) throw new Error("not a zip archive without a comment");
  const entries: ZipEntry[] = [];
  let at = archive.readUInt32LE(end + 16);
  for (let i = archive.readUInt16LE(end + 10); i > 0; i--) {
    const nameBytes = archive.readUInt16LE(at + 28);
    const name = archive.toString("utf8", at + entryBytes, at + entryBytes + nameBytes);
    entries.push({ name, bytes: archive.readUInt32LE(at + 24) });
    at += entryBytes + nameBytes + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return entries;
}
