/** Uploading with progress, which `fetch` does not report. */
import { ApiError, errorOf } from "./api";
import { DecodeError, parseJson } from "./decode";
import { uploadResult, type UploadResult } from "./objects";

export function upload(
  file: File,
  collection: string,
  progress: (sent: number) => void,
): Promise<UploadResult> {
  const path = `/api/documents?collection=${encodeURIComponent(collection)}&source=${encodeURIComponent(file.name)}`;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.upload.addEventListener("progress", (event) => {
      progress(event.loaded / Math.max(1, event.total));
    });
    request.addEventListener("error", () => {
      reject(new ApiError("unreachable", "The service cannot be reached."));
    });
    request.addEventListener("load", () => {
      const body = parseJson(request.responseText);
      if (request.status >= 300) {
        reject(errorOf(body, request.status));
        return;
      }
      try {
        resolve(uploadResult(body, ""));
      } catch (error) {
        reject(
          error instanceof DecodeError ? new ApiError("malformed", error.message) : new Error(String(error)),
        );
      }
    });
    request.send(file);
  });
}
