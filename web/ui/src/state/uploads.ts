/** Files on their way to the service, and how each ended. Pure. */
import type { UploadResult } from "../protocol/objects";

export interface Upload {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
  /** 0 to 1; 1 with no outcome: sent, and being read by the service. */
  readonly sent: number;
  readonly outcome: string | null;
  readonly isError: boolean;
}

export function withUpload(
  uploads: readonly Upload[],
  id: number,
  change: Partial<Upload>,
): readonly Upload[] {
  return uploads.map((upload) => (upload.id === id ? { ...upload, ...change } : upload));
}

export function outcomeOf(result: UploadResult): Pick<Upload, "outcome" | "isError"> {
  const skipped = result.skipped.map((skip) => `${skip.source}: ${skip.reason}`);
  if (result.documents.length === 0)
    return { outcome: `skipped: ${skipped.join("; ") || "no reason given"}`, isError: true };
  const count = result.documents.length > 1 ? `, ${result.documents.length} documents` : "";
  const rest = skipped.length > 0 ? `; skipped ${skipped.join("; ")}` : "";
  return { outcome: `${result.outcome}${count}${rest}`, isError: false };
}
